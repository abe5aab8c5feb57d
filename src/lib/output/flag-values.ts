import {readFile} from 'node:fs/promises'

import {wrongUsage} from '../ports/errors.js'

const UNITS: Record<string, number> = {s: 1, m: 60, h: 3600}

/** Seconds of `90s`, `10m` or `1h`; undefined when nothing was given. */
export function parseDuration(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const match = /^(\d+)([smh])$/.exec(text)
  if (!match || Number(match[1]) === 0)
    throw wrongUsage('bad_duration', `${text} is not a duration`, 'write 90s, 10m or 1h')
  return Number(match[1]) * UNITS[match[2]!]!
}

/** The contents of a file that a flag names; undefined when none is named. */
export async function readTextFile(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined
  try {
    return await readFile(path, 'utf8')
  } catch {
    throw wrongUsage('no_such_file', `${path} cannot be read`)
  }
}
