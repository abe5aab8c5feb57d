import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

import {removeWhenWeAreGone} from '../sandbox/postgres/reaper.js'

/** Has something stopped or removed at the end, the newest first. */
export type Later = (stop: () => unknown) => void

/** Runs `work`, then stops all that it started: also when it fails, and on Ctrl-C. */
export async function withCleanup<T>(work: (later: Later) => Promise<T>): Promise<T> {
  const stops: (() => unknown)[] = []
  let interrupted = false
  let cleaning: Promise<void> | undefined
  const clean = () => (cleaning ??= stopAll(stops))
  const interrupt = () => {
    interrupted = true
    void clean().finally(() => process.exit(130))
  }
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    return await work((stop) => void stops.push(stop))
  } finally {
    if (interrupted) await new Promise(() => undefined) // what fails while everything stops is of no interest
    await clean()
    process.removeListener('SIGINT', interrupt).removeListener('SIGTERM', interrupt)
  }
}

/** One that cannot be stopped keeps none of the others from it. */
async function stopAll(stops: (() => unknown)[]): Promise<void> {
  for (let stop = stops.pop(); stop; stop = stops.pop()) {
    try {
      await stop()
    } catch (error) {
      console.error(error)
    }
  }
}

/** A folder that goes at the end, however that comes. */
export function newFolder(later: Later): string {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  removeWhenWeAreGone(folder)
  later(() => rmSync(folder, {recursive: true, force: true}))
  return folder
}
