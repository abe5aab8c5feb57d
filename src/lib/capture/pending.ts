import {batchesOf} from '../flow/batches.js'
import type {Queryable} from '../ports/ports.js'
import {logOf, TRUNCATIONS} from './log.js'
import type {CapturedTable} from './captured-table.js'

export interface Pending {
  table: CapturedTable
  /** Of its log, filled or not. */
  pages: number
}

/** Subqueries per statement. */
const BATCH = 200

/** Units whose log holds anything that this session can see. */
export async function pendingTables(from: Queryable, tables: readonly CapturedTable[]): Promise<Pending[]> {
  const pending: Pending[] = []
  for (const batch of batchesOf(tables, BATCH)) {
    const asks = batch.map(
      (
        table,
        i,
      ) => `select ${i} as nth, pg_relation_size('${logOf(table)}') / current_setting('block_size')::int as pages
        where exists (select from ${logOf(table)}) or exists (select from ${TRUNCATIONS} where unit = ${table.oid})`,
    )
    const rows = await from.query<{nth: number; pages: string}>(asks.join(' union all '))
    for (const {nth, pages} of rows) pending.push({table: batch[nth]!, pages: Number(pages)})
  }
  return pending
}

/** How many entries wait, and in how many tables. Reads all of them. */
export async function countPending(
  from: Queryable,
  tables: readonly CapturedTable[],
): Promise<{entries: number; tables: number}> {
  const waiting = await pendingTables(from, tables)
  if (waiting.length === 0) return {entries: 0, tables: 0}
  const counts = waiting.map(({table}) => `select count(*) as n from ${logOf(table)}`)
  const row = await from.queryOne<{entries: string}>(
    `select sum(n)::text as entries from (${counts.join(' union all ')}) c`,
  )
  return {entries: Number(row.entries), tables: waiting.length}
}
