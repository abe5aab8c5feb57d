import {setTimeout as delay} from 'node:timers/promises'
import {basename} from 'node:path'
import {fileURLToPath} from 'node:url'

import {withCleanup} from '../cleanup.js'
import {startTool} from '../client-tools.js'
import type {Outcome} from './outcome.js'

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url))
/** Longer than any schema has taken. */
const MINUTES = 30
const LAST_WORDS = 2000

/** Moves the schema of a file in a process of its own, which can fail, die or hang as it likes. */
export async function moveInChild(file: string, majors: Outcome['majors'], rowsEach: string): Promise<Outcome> {
  return withCleanup(async (later) => {
    const args = ['--import', 'tsx-loader', CHILD, file, ...majors.map(String), rowsEach]
    const running = startTool(process.execPath, args, {...process.env})
    later(() => running.end('SIGTERM'))
    const waiting = new AbortController()
    const late = delay(MINUTES * 60_000, undefined, waiting).then(
      () => running.end('SIGTERM'),
      () => undefined,
    )
    const {code, stdout, stderr} = await running.ended
    waiting.abort()
    const ended = await late
    try {
      return JSON.parse(stdout) as Outcome
    } catch {
      const how = ended ? `did not end within ${MINUTES} minutes` : `ended with ${code}`
      const load = [`${how}: ${stderr.slice(-LAST_WORDS)}`]
      return {schema: basename(file, '.sql'), majors, seconds: {}, phases: {load}}
    }
  })
}
