import type {Queryable} from '../ports/ports.js'
import type {SnapshotPair} from './pair.js'
import {ROW_HASH, type Sum} from './sums.js'

/*
 * Rows without a key cannot be found again, but told apart by age. Those written by transactions older than any that ran at some
 * moment are settled from then on: none can come or change, they can only go. As long as there are as many, they are the same.
 */

/** What a table held at a moment; numbers are text. */
export interface HorizonCount {
  /** The oldest transaction that ran at that moment, as 64 bits. */
  before: string
  /** How many rows were settled. */
  rows: string
  /** The other rows. */
  rest: {rows: string; hash: string}
}

/** What each side held when both were equal. */
export type HorizonPair = Record<keyof SnapshotPair, HorizonCount>

/** What is at the moment that the session sees. */
export async function countAtHorizon(session: Queryable, rowsOf: string): Promise<HorizonCount> {
  const {before} = await session.queryOne<{before: string}>(
    'select pg_snapshot_xmin(pg_current_snapshot())::text as before',
  )
  return {before, ...(await toldApart(session, rowsOf, before))}
}

/** The age of a row is a number of 32 bits. */
const LONGEST_AGO = 2n ** 30n

/**
 * What came since, less what went again of the rest: equal on both sides, when they were equal then, exactly if they are equal now.
 * Undefined where that cannot be told, because settled rows have gone.
 */
export async function changeSince(session: Queryable, rowsOf: string, then: HorizonCount): Promise<Sum | undefined> {
  const {next} = await session.queryOne<{next: string}>('select pg_snapshot_xmax(pg_current_snapshot())::text as next')
  if (BigInt(next) - BigInt(then.before) > LONGEST_AGO) return undefined
  const {rows, rest} = await toldApart(session, rowsOf, then.before)
  if (rows !== then.rows) return undefined
  return {rows: BigInt(rest.rows) - BigInt(then.rest.rows), hash: BigInt(rest.hash) - BigInt(then.rest.hash)}
}

async function toldApart(session: Queryable, rowsOf: string, before: string): Promise<Omit<HorizonCount, 'before'>> {
  const row = await session.queryOne<{all: string; rows: string; hash: string}>(
    `select (select count(*) from ${rowsOf})::text as all, count(*)::text as rows, coalesce(sum(${ROW_HASH}), 0)::text as hash
     from ${rowsOf} t where age(t.xmin) <= (select age('${before}'::xid8::xid))`,
  )
  const {all, ...rest} = row
  return {rows: (BigInt(all) - BigInt(rest.rows)).toString(), rest}
}
