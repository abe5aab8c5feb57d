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

/** Sums a run of pages of one part of a table. */
export async function sumOf(db: Queryable, {row}: VerifyTable, {name}: TablePart, range: PageRange): Promise<Sum> {
  const sum = await db.queryOne<{rows: string; hash: string}>(
    `select count(*)::text as rows, coalesce(sum(${rowHash(row)}), 0)::text as hash
     from only ${name} t
     ${within(range)}`,
  )
  return {rows: BigInt(sum.rows), hash: BigInt(sum.hash)}
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
