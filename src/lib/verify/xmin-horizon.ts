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

/** What the session's snapshot holds. */
export async function countAtHorizon(session: Queryable, table: CapturedTable): Promise<HorizonCount> {
  const {before} = await session.queryOne<{before: string}>(
    'select pg_snapshot_xmin(pg_current_snapshot())::text as before',
  )
  return {before, ...(await toldApart(session, table, before))}
}

/** The age of a row is a number of 32 bits. */
const LONGEST_AGO = 2n ** 30n

/**
 * Rows that came since, less those of the rest that were deleted: equal on both sides exactly if the tables are, when they were equal then.
 * Undefined where that cannot be told, because rows below the horizon were deleted.
 */
export async function changeSince(
  session: Queryable,
  table: CapturedTable,
  then: HorizonCount,
): Promise<Sum | undefined> {
  const {next} = await session.queryOne<{next: string}>('select pg_snapshot_xmax(pg_current_snapshot())::text as next')
  if (BigInt(next) - BigInt(then.before) > LONGEST_AGO) return undefined
  const {rows, rest} = await toldApart(session, table, then.before)
  if (rows !== then.rows) return undefined
  return {rows: BigInt(rest.rows) - BigInt(then.rest.rows), hash: BigInt(rest.hash) - BigInt(then.rest.hash)}
}

async function toldApart(
  session: Queryable,
  table: CapturedTable,
  before: string,
): Promise<Omit<HorizonCount, 'before'>> {
  const row = await session.queryOne<{all: string; rows: string; hash: string}>(
    `select (select count(*) from ${rowsOf(table)})::text as all,
       count(*)::text as rows,
       coalesce(sum(${rowHash(table.row)}), 0)::text as hash
     from ${rowsOf(table)} t
     where age(t.xmin) <= (select age('${before}'::xid8::xid))`,
  )
  const {all, ...rest} = row
  return {rows: (BigInt(all) - BigInt(rest.rows)).toString(), rest}
}
