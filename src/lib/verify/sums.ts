import type {Queryable} from '../ports/ports.js'
import {rowHash} from '../postgres/row-text.js'
import type {TablePart, VerifyTable} from './tables.js'

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

/** Rows of a part of a table that lie in a run of its pages. */
export interface Run {
  table: VerifyTable
  part: TablePart
  range: PageRange
}

/** Sums up each run, all in one statement. */
export async function sumsOf(db: Queryable, runs: readonly Run[]): Promise<Sum[]> {
  const each = runs.map(
    ({table, part, range}, nth) =>
      `select ${nth} as nth, count(*)::text as rows, coalesce(sum(${rowHash(table.row)}), 0)::text as hash
       from only ${part.name} t
       ${within(range)}`,
  )
  const sums = await db.query<{rows: string; hash: string}>(`${each.join(' union all ')} order by nth`)
  return sums.map(({rows, hash}) => ({rows: BigInt(rows), hash: BigInt(hash)}))
}

/** Cuts a part of a table into runs of about 64 MB. */
export function rangesOf({pages, divisible}: TablePart): PageRange[] {
  const count = divisible ? Math.max(1, Math.round(pages / PAGES_AT_ONCE)) : 1
  return Array.from({length: count}, (_, nth) => ({
    first: Math.floor((pages * nth) / count),
    next: nth === count - 1 ? null : Math.floor((pages * (nth + 1)) / count),
  }))
}

const PAGES_AT_ONCE = 8192
