import type {Queryable} from '../ports/ports.js'
import type {VerifyTable} from './tables.js'

/**
 * What stands for rows: how many there are, and the sum of 64-bit hashes of their text. Independent of order, sensitive to
 * doubled rows, and additive: a table may be summed up in parts. The text of a row means the same on both sides because the
 * sessions pin every setting it depends on.
 */
export interface Sum {
  rows: bigint
  hash: bigint
}

export const NOTHING: Sum = {rows: 0n, hash: 0n}

export const plus = (a: Sum, b: Sum): Sum => ({rows: a.rows + b.rows, hash: a.hash + b.hash})

export const isSame = (a: Sum, b: Sum): boolean => a.rows === b.rows && a.hash === b.hash

/** The text of some quoted columns of a row `t`: of its key, it names the row. */
export const textOf = (columns: readonly string[]): string =>
  `row(${columns.map((column) => `t.${column}`).join(', ')})::text`

/** The hash of a row `t`, every column in the order of the table. */
export const ROW_HASH = 'hashtextextended((t.*)::text, 0)'

/** A run of pages; the last one of a table has no end. */
export interface PageRange {
  first: number
  next: number | null
}

const within = ({first, next}: PageRange): string => {
  const bounds = [
    ...(first > 0 ? [`t.ctid >= '(${first},0)'`] : []),
    ...(next === null ? [] : [`t.ctid < '(${next},0)'`]),
  ]
  return bounds.length > 0 ? `where ${bounds.join(' and ')}` : ''
}

/** Sums a run of pages of one table. */
export async function sumOf(db: Queryable, table: VerifyTable, range: PageRange): Promise<Sum> {
  const row = await db.queryOne<{rows: string; hash: string}>(
    `select count(*)::text as rows, coalesce(sum(${ROW_HASH}), 0)::text as hash
     from only ${table.name} t
     ${within(range)}`,
  )
  return {rows: BigInt(row.rows), hash: BigInt(row.hash)}
}

/** Cuts a table into runs of about 64 MB. */
export function rangesOf(pages: number, divisible: boolean): PageRange[] {
  const count = divisible ? Math.max(1, Math.round(pages / PAGES_AT_ONCE)) : 1
  return Array.from({length: count}, (_, nth) => ({
    first: Math.floor((pages * nth) / count),
    next: nth === count - 1 ? null : Math.floor((pages * (nth + 1)) / count),
  }))
}

const PAGES_AT_ONCE = 8192
