import {batchesOf} from '../flow/batches.js'
import type {Queryable} from '../ports/ports.js'
import {logOf, TRUNCATIONS} from './log.js'
import type {Unit} from './units.js'

export interface Pending {
  unit: Unit
  /** Of its log, filled or not. */
  pages: number
}

/** So many subqueries in one statement. */
const BATCH = 200

/** Units whose log holds anything that this session can see. */
export async function pendingUnits(source: Queryable, units: readonly Unit[]): Promise<Pending[]> {
  const pending: Pending[] = []
  for (const batch of batchesOf(units, BATCH)) {
    const asks = batch.map(
      (unit, i) => `select ${i} as nth, pg_relation_size('${logOf(unit)}') / current_setting('block_size')::int as pages
        where exists (select from ${logOf(unit)}) or exists (select from ${TRUNCATIONS} where unit = ${unit.oid})`,
    )
    const rows = await source.query<{nth: number; pages: string}>(asks.join(' union all '))
    for (const {nth, pages} of rows) pending.push({unit: batch[nth]!, pages: Number(pages)})
  }
  return pending
}

/** How many entries wait, and in how many tables. Reads all of them. */
export async function countPending(
  source: Queryable,
  units: readonly Unit[],
): Promise<{entries: number; tables: number}> {
  const waiting = await pendingUnits(source, units)
  if (waiting.length === 0) return {entries: 0, tables: 0}
  const counts = waiting.map(({unit}) => `select count(*) as n from ${logOf(unit)}`)
  const row = await source.queryOne<{entries: string}>(
    `select sum(n)::text as entries from (${counts.join(' union all ')}) c`,
  )
  return {entries: Number(row.entries), tables: waiting.length}
}
