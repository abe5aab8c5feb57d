import {execFile} from 'node:child_process'
import {renameSync, rmSync} from 'node:fs'
import {promisify} from 'node:util'

import type {PostgresServer} from '../../sandbox/postgres/server.js'
import {RdsError} from '../../src/lib/ports/errors.js'

/**
 * Keeps the state of a server; what is returned puts it back, as restoring a snapshot does. The server has to be running both times.
 * `unless`: asked when it is down, where that can turn out to be wrong.
 */
export async function rememberState(
  server: PostgresServer,
): Promise<(unless?: () => Promise<boolean>) => Promise<void>> {
  const {dataDir} = server
  const kept = `${dataDir}-earlier`
  await server.halt()
  rmSync(kept, {recursive: true, force: true})
  await promisify(execFile)('cp', ['-R', '-p', dataDir, kept])
  await server.resume()
  return async (unless = () => Promise.resolve(false)) => {
    await server.halt({immediate: true})
    if (!(await unless())) {
      rmSync(dataDir, {recursive: true})
      renameSync(kept, dataDir)
    }
    await server.resume()
  }
}

/** Again where the connection was one that has ended with the server. */
export async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (error instanceof RdsError || tries === 20) throw error
    }
  }
}
