import type {Queryable} from '../ports/ports.js'
import type {SnapshotPair} from './pair.js'
import {type CapturedTable, rowsOf} from '../capture/captured-table.js'
import {rowHash} from '../postgres/row-text.js'
import type {Sum} from './sums.js'

/*
 * Rows without a key cannot be looked up again, but their xmin gives their age. Rows below a snapshot's xmin horizon are final: no new
 * ones can appear and none can change; they can only be deleted. As long as their number is the same, they are the same rows.
 */

/** What a table held in a snapshot; numbers are text. */
export interface HorizonCount {
  /** The xmin horizon: the oldest transaction that was running, as 64 bits. */
  before: string
  /** Rows below the horizon. */
  rows: string
  /** The other rows. */
  rest: {rows: string; hash: string}
}

/** What each side held when both were equal. */
export type HorizonPair = Record<keyof SnapshotPair, HorizonCount>

/** What the session's snapshot holds of tables, in their order. */
export async function countAtHorizon(session: Queryable, tables: readonly CapturedTable[]): Promise<HorizonCount[]> {
  const counts = await toldApart(
    session,
    tables.map((table) => ({table, before: 'pg_snapshot_xmin(pg_current_snapshot())'})),
  )
  return counts.map(({next: _, ...count}) => count)
}

/** A table, and what it held. */
export interface Then {
  table: CapturedTable
  then: HorizonCount
}

/** The age of a row is a number of 32 bits. */
const LONGEST_AGO = 2n ** 30n

/**
 * Rows that came since, less those of the rest that were deleted: equal on both sides exactly if the tables are, when they were equal then.
 * Undefined where that cannot be told, because rows below the horizon were deleted, or all is too long ago. In the order of the tables.
 */
export async function changesSince(session: Queryable, tables: readonly Then[]): Promise<(Sum | undefined)[]> {
  const counts = await toldApart(
    session,
    tables.map(({table, then}) => ({table, before: `'${then.before}'::xid8`})),
  )
  return counts.map(({next, rows, rest}, nth) => {
    const {then} = tables[nth]!
    if (BigInt(next) - BigInt(then.before) > LONGEST_AGO || rows !== then.rows) return undefined
    return {rows: BigInt(rest.rows) - BigInt(then.rest.rows), hash: BigInt(rest.hash) - BigInt(then.rest.hash)}
  })
}

/** `before`: SQL of a horizon. `next`: no transaction from there on had begun. */
async function toldApart(
  session: Queryable,
  tables: readonly {table: CapturedTable; before: string}[],
): Promise<(HorizonCount & {next: string})[]> {
  if (tables.length === 0) return []
  const each = tables.map(
    ({table, before}, nth) => `
     select ${nth} as nth,
       (${before})::text as before,
       pg_snapshot_xmax(pg_current_snapshot())::text as next,
       (select count(*) from ${rowsOf(table)})::text as "all",
       count(*)::text as rows,
       coalesce(sum(${rowHash(table.row)}), 0)::text as hash
     from ${rowsOf(table)} t
     where age(t.xmin) <= (select age((${before})::xid))`,
  )
  const rows = await session.query<{
    nth: number
    before: string
    next: string
    all: string
    rows: string
    hash: string
  }>(`${each.join(' union all ')} order by nth`)
  return rows.map(({before, next, all, rows: later, hash}) => ({
    before,
    next,
    rows: (BigInt(all) - BigInt(later)).toString(),
    rest: {rows: later, hash},
  }))
}
