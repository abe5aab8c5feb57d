import {writeFileSync} from 'node:fs'
import {join} from 'node:path'

import {cpuOf, secondsOf} from '../measure.js'
import {type Load, pgbench} from '../pgbench.js'
import {ask, connect, type Place} from '../stage.js'

/** Figures of one turn, by name. */
export type Figures = Record<string, number>

/** One thing that an app does to a source. */
export interface Measure {
  name: string
  /** The figure that tells most. */
  figure: string
  take(place: Place, synchronousCommit: 'off' | 'on'): Promise<Figures>
}

export interface Sizes {
  clients: number
  seconds: number
  /** Of a bulk statement. */
  rows: number
}

/** What an earlier turn left must not slow the next one. */
export async function reset({url, db}: Place): Promise<void> {
  const logs = await db.query<{name: string}>(
    `select relname as name from pg_class where relnamespace = to_regnamespace('heroku_rds') and relkind = 'r' and relname ~ '^log_[0-9]+$'`,
  )
  await ask(
    url,
    'truncate pgbench_history, bulk, single_insert',
    ...logs.map(({name}) => `truncate heroku_rds.${name}`),
    'vacuum',
  )
}

const loaded = async (place: Place, load: Load): Promise<Figures> => {
  const before = cpuOf(place.server)
  const {tps, latencyMs, transactions} = await pgbench(place.url, load)
  return {tps, latencyMs, cpuMs: ((cpuOf(place.server) - before) * 1000) / transactions}
}

/** TPC-B, two statements in bulk, and two single rows: each with all clients for its throughput, and with one for its latency. */
export function measuresOf({clients, seconds, rows}: Sizes, folder: string): Measure[] {
  const single = (name: string, statement: string): Measure => {
    const script = join(folder, `${name}.sql`)
    writeFileSync(script, statement)
    return {
      name,
      figure: 'tps',
      async take(place, synchronousCommit) {
        const how = {seconds: Math.ceil(seconds / 3), script, synchronousCommit}
        const many = await loaded(place, {...how, clients})
        const one = await loaded(place, {...how, clients: 1})
        return {tps: many.tps!, cpuMs: many.cpuMs!, latencyMs: one.latencyMs!}
      },
    }
  }
  const bulk = (name: string, statement: string, before = ''): Measure => ({
    name,
    figure: 'seconds',
    async take({url}, synchronousCommit) {
      const client = await connect(url)
      await client.query(`set synchronous_commit = ${synchronousCommit}; ${before}`)
      const took = await secondsOf(() => client.query(statement))
      await client.end()
      return {seconds: took}
    },
  })
  const insert = `insert into bulk select n, 1, 0, '' from generate_series(1, ${rows}) n`
  return [
    {
      name: 'tpcb',
      figure: 'tps',
      take: (place, synchronousCommit) => loaded(place, {clients, seconds, synchronousCommit}),
    },
    bulk('bulkInsert', insert),
    bulk('bulkUpdate', 'update bulk set abalance = abalance + 1', insert),
    single('singleInsert', `insert into single_insert (bid, abalance, filler) values (1, 0, '');\n`),
    single(
      'singleUpdate',
      `\\set aid random(1, ${rows})\nupdate single_update set abalance = abalance + 1 where aid = :aid;\n`,
    ),
  ]
}
