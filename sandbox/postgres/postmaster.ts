import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {closeSync, openSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import {nativeFolder, type Major} from './binaries.js'
import {serverUser} from './server-user.js'

const deadline = 30_000

/** The server did not start because another process listens on its port. */
export class PortTaken extends Error {}

export interface Postmaster {
  reload(): void
  /** Fast shutdown, or as in a crash. Returns when the process is gone; nothing happens when it is gone already. */
  stop(immediate: boolean): Promise<void>
  /** Polls a condition that must come true while this server runs. */
  waitFor(what: string, condition: () => boolean | Promise<boolean>): Promise<void>
}

/** Starts the server process of a data directory and returns when it accepts connections. */
export async function startPostmaster(major: Major, dataDir: string, logFile: string): Promise<Postmaster> {
  const log = openSync(logFile, 'a')
  const logStart = readFileSync(logFile).length
  // A group of its own, so that Ctrl-C in a terminal leaves it to the sandbox when the server stops.
  const child = spawn(join(nativeFolder(major), 'bin/postgres'), ['-D', dataDir], {
    cwd: '/',
    detached: true,
    env: {PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC'},
    stdio: ['ignore', log, log],
    ...serverUser,
  })
  closeSync(log)
  child.unref()
  let failure: Error | undefined
  child.once('error', (error) => (failure = error))
  const isGone = () => child.exitCode !== null || child.signalCode !== null || failure !== undefined

  const postmaster: Postmaster = {
    reload: () => void child.kill('SIGHUP'),
    async stop(immediate) {
      if (isGone()) return
      const exit = once(child, 'exit')
      child.ref()
      child.kill(immediate ? 'SIGQUIT' : 'SIGINT')
      await exit
    },
    async waitFor(what, condition) {
      for (const end = Date.now() + deadline; !(await condition()); await delay(10)) {
        if (isGone()) throw startError(failure, readFileSync(logFile).subarray(logStart).toString())
        if (Date.now() > end) throw new Error(`Postgres ${major}: waited ${deadline} ms for ${what}`)
      }
    },
  }
  try {
    await postmaster.waitFor('the server to accept connections', () => isReady(dataDir, child.pid))
  } catch (error) {
    await postmaster.stop(true)
    throw error
  }

  return postmaster
}

/** The last line of postmaster.pid is how the server itself says that it accepts connections. */
function isReady(dataDir: string, pid: number | undefined): boolean {
  try {
    const lines = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')
    return lines[0] === String(pid) && lines[7]?.trim() === 'ready'
  } catch {
    return false
  }
}

function startError(failure: Error | undefined, log: string): Error {
  if (failure) return failure
  const message = `Postgres ended: ${log.trim()}`
  return log.includes('Address already in use') ? new PortTaken(message) : new Error(message)
}
