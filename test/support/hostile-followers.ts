import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {createInterface} from 'node:readline'

import {nodeArguments} from './compiled.js'
import {type Source, type Target, until} from './servers.js'

/** What a process of its own is to do, and where. */
export interface Errand {
  errand: 'follow' | 'catch up'
  sourceUrl: string
  targetUrl: string
  authorities: string[]
  major: number
}

/** What it says of it, and when. */
export type Report = {ms?: number} & (
  | {what: 'ready' | 'started'}
  | {what: 'caught up' | 'synced'; nth: string; entries: number; seconds: number}
  | {what: 'told'; line: string}
  | {what: 'noted'; key: string}
  | {what: 'failed'; code: string; message: string}
  | {what: 'ended'; peakMegabytes: number}
)

/** A process at work. */
export interface Follower {
  readonly reports: readonly Report[]
  /** Waits until a sync has ended from now on. */
  syncs(timeoutMs?: number): Promise<void>
  /** As an operator whose machine dies; fails if it had ended by itself, which following never does. */
  kill(): Promise<void>
  /** Asks it to end, as ctrl-c does. */
  stop(): Promise<readonly Report[]>
  /** Waits until it has done its errand. */
  done(): Promise<readonly Report[]>
}

/** Processes that do an errand, one after another. The next one is always warm, so that a death costs no time. */
export function followersOf(source: Source, target: Target, errand: Errand['errand'] = 'follow') {
  const wanted: Errand = {
    errand,
    sourceUrl: source.url,
    targetUrl: target.url.split('?')[0]!,
    authorities: target.tls.mode === 'verified' ? target.tls.authorities : [],
    major: source.major,
  }
  let next = spawnOne()
  const living = new Set<ChildProcess>()
  return {
    async begin(): Promise<Follower> {
      const child = next
      living.add(child)
      void once(child, 'close').then(() => living.delete(child))
      const follower = followerOn(child)
      await until('a process to be ready', () => follower.reports.length > 0, 60_000)
      child.stdin!.end(JSON.stringify(wanted))
      next = spawnOne()
      return follower
    },
    /** Leaves none behind. */
    async close(): Promise<void> {
      const all = [next, ...living]
      for (const child of all) child.kill('SIGKILL')
      await Promise.all(
        all
          .filter(({exitCode, signalCode}) => exitCode === null && signalCode === null)
          .map((child) => once(child, 'close')),
      )
    },
  }
}

function spawnOne(): ChildProcess {
  const child = spawn(process.execPath, nodeArguments('test/support/follow-child.ts'))
  child.stdin.on('error', () => undefined)
  return child
}

function followerOn(child: ChildProcess): Follower {
  const reports: Report[] = []
  createInterface({input: child.stdout!}).on('line', (line) => reports.push(JSON.parse(line) as Report))
  let complaint = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  let ended: {code: number | null; signal: NodeJS.Signals | null} | undefined
  const closed = new Promise<void>((resolve) => {
    child.once('close', (code, signal) => {
      ended = {code, signal}
      resolve()
    })
  })
  const refuseEnd = () => {
    if (!ended) return
    const failure = reports.find((report) => report.what === 'failed')
    throw Object.assign(new Error(`the process ended by itself with ${ended.code ?? ended.signal}: ${complaint}`), {
      code: failure?.code,
    })
  }
  const done = async () => {
    await closed
    if (ended!.code !== 0) throw new Error(`the process ended with ${ended!.code ?? ended!.signal}: ${complaint}`)
    return reports
  }
  return {
    reports,
    async syncs(timeoutMs = 120_000) {
      const syncs = () => reports.filter(({what}) => what === 'synced').length
      const before = syncs()
      const more = () => {
        refuseEnd()
        return syncs() > before
      }
      await until('a process to sync', more, timeoutMs).catch((error: Error) => {
        throw Object.assign(error, {message: `${error.message}, after ${JSON.stringify(reports.slice(-60))}`})
      })
    },
    async kill() {
      refuseEnd()
      child.kill('SIGKILL')
      await closed
    },
    stop() {
      child.kill('SIGTERM')
      return done()
    },
    done,
  }
}
