import {setTimeout as delay} from 'node:timers/promises'

import {rateOf, startPgbench} from '../pgbench.js'
import {ask} from '../stage.js'

/** TPC-B on a database that is about to be moved, by clients who never learn where it went. */
export interface Load {
  /** Stops it; fails when a client saw anything but refusals and lost connections. */
  stop(): Promise<LoadSeen>
}

export interface LoadSeen {
  /** Transactions that the clients were told are committed. */
  acknowledged: number
  refused: number
  lost: number
}

/** What pgbench prints of a refusal by a fence or a read-only database (25006), and of a connection that ends or is not let in. */
const REFUSED = /refused: |cannot execute \w+( \w+)? in a read-only transaction/
const LOST =
  /terminating connection|server closed the connection|connection to server .* failed|could not connect|Connection refused|perhaps the backend died|connection limit|too many connections/

const CLIENTS = 4
const AGAIN_MS = 1000

/** pgbench gives a client up at its first error: it is started again and again. */
export function startLoad(url: string, rate: number): Load {
  const seen: LoadSeen = {acknowledged: 0, refused: 0, lost: 0}
  const surprises: string[] = []
  let [stopping, running] = [false, start()]

  function start() {
    return startPgbench(url, {clients: CLIENTS, seconds: 3600, rate})
  }
  const account = (stdout: string, stderr: string) => {
    const {transactions} = rateOf(stdout)
    if (transactions > 0) seen.acknowledged += transactions
    for (const line of stderr.split('\n').filter((text) => /error|fatal/i.test(text))) {
      if (REFUSED.test(line)) seen.refused++
      else if (LOST.test(line)) seen.lost++
      else if (!/Run was aborted/.test(line)) surprises.push(line)
    }
  }
  const looping = (async () => {
    for (;;) {
      const {stdout, stderr} = await running.ended
      account(stdout, stderr)
      if (stopping) return
      await delay(AGAIN_MS)
      running = start()
    }
  })()
  return {
    async stop() {
      stopping = true
      await running.end('SIGTERM')
      await looping
      if (surprises.length > 0)
        throw new Error(`pgbench saw what nobody may see:\n${[...new Set(surprises)].join('\n')}`)
      return seen
    },
  }
}

/** Nothing that was acknowledged is missing, the target has what the source has, and every transaction is whole. */
export async function auditTpcb(sourceUrl: string, targetUrl: string, {acknowledged}: LoadSeen): Promise<void> {
  const [source, target] = [await sumsOf(sourceUrl), await sumsOf(targetUrl)]
  const words = ({history, sums}: Sums) => `${history} transactions with sums of ${sums.join(', ')}`
  if (target.history < acknowledged || words(source) !== words(target) || new Set(target.sums).size > 1)
    throw new Error(
      `of ${acknowledged} acknowledged transactions, the source has ${words(source)}, the target ${words(target)}`,
    )
}

interface Sums {
  history: number
  /** Of accounts, tellers, branches, and of all changes: the same four times. */
  sums: string[]
}

async function sumsOf(url: string): Promise<Sums> {
  const [row] = await ask<Sums>(
    url,
    `select (select count(*)::int from public.pgbench_history) as history, array[
       (select sum(abalance)::text from public.pgbench_accounts), (select sum(tbalance)::text from public.pgbench_tellers),
       (select sum(bbalance)::text from public.pgbench_branches), (select coalesce(sum(delta), 0)::text from public.pgbench_history)] as sums`,
  )
  return row!
}
