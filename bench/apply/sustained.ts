import {setTimeout as delay} from 'node:timers/promises'

import {median, quantile, rounded} from '../measure.js'
import {pgbench} from '../pgbench.js'
import {connect, type Place} from '../stage.js'
import type {Applier} from './appliers.js'

export interface Sustained {
  /** Transactions a second that the source did. */
  tps: number
  medianSeconds: number
  p95Seconds: number
  maxSeconds: number
}

const BEATS_EVERY_MS = 100
const SAMPLES_EVERY_MS = 200
/** The first seconds are for catching up with what lies there. */
const SETTLING_MS = 3000

/** How old the newest row is that the target has, while TPC-B goes on at a given rate on the source. */
export async function sustained(
  {source, target, during}: Applier,
  {rate, seconds, clients}: {rate: number; seconds: number; clients: number},
): Promise<Sustained> {
  const stop = new AbortController()
  return during(async () => {
    const lags: number[] = []
    const beating = beats(source, stop.signal)
    const sampling = samples(target, stop.signal, (lag) => lags.push(lag))
    const {tps} = await pgbench(source.url, {rate, seconds, clients}).finally(() => stop.abort())
    await Promise.all([beating, sampling])
    const figures = {medianSeconds: median(lags), p95Seconds: quantile(lags, 0.95), maxSeconds: Math.max(...lags)}
    return {
      tps: rounded(tps, 0),
      medianSeconds: rounded(figures.medianSeconds, 2),
      p95Seconds: rounded(figures.p95Seconds, 2),
      maxSeconds: rounded(figures.maxSeconds, 2),
    }
  })
}

async function beats({url}: Place, signal: AbortSignal): Promise<void> {
  const client = await connect(url)
  while (!signal.aborted) {
    await client.query('update beat set at = clock_timestamp()')
    await delay(BEATS_EVERY_MS)
  }
  await client.end()
}

/** Both servers have this machine's clock. */
async function samples({url}: Place, signal: AbortSignal, took: (lag: number) => void): Promise<void> {
  const client = await connect(url)
  for (const begun = Date.now(); !signal.aborted; await delay(SAMPLES_EVERY_MS)) {
    const {rows} = await client.query<{lag: number}>(
      'select extract(epoch from clock_timestamp() - at)::float8 as lag from beat',
    )
    // In the middle of a sync that deletes and inserts nothing is missing: it commits both at once.
    if (Date.now() - begun > SETTLING_MS) took(rows[0]!.lag)
  }
  await client.end()
}
