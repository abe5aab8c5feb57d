import type {CopyTable} from './tables.js'

/** A run of pages of one table. */
export interface Chunk {
  firstPage: number
  /** The first page of the next chunk; null for the last one, which has no end: the table may have grown. */
  nextPage: number | null
  /** Its share of the table's bytes. */
  bytes: number
}

/** Small enough to be done again after an interruption, large enough that its beginning and end cost nothing. */
const CHUNK_BYTES = {most: 32 * 1024 ** 2, least: 2 * 1024 ** 2}
/** How long a lane may take for one, in seconds: the locks of its transaction are held as long. */
const CHUNK_SECONDS = 2

/** The size of chunks for so many lanes, which share a line; undefined where it was not measured. */
export const chunkBytes = (jobs: number, lineBytesPerSecond: number | undefined): number =>
  Math.max(CHUNK_BYTES.least, Math.min(CHUNK_BYTES.most, (CHUNK_SECONDS * (lineBytesPerSecond ?? Infinity)) / jobs))

/** Cuts a table at page boundaries, so that each part is read in physical order and parts are about equal. */
export function chunksOf({bytes, pages, divisible}: CopyTable, size: number): Chunk[] {
  const count = divisible ? Math.max(1, Math.min(Math.round(bytes / size), pages)) : 1
  const boundary = (nth: number) => Math.floor((pages * nth) / count)
  return Array.from({length: count}, (_, nth) => ({
    firstPage: boundary(nth),
    nextPage: nth === count - 1 ? null : boundary(nth + 1),
    bytes: Math.round(bytes / count),
  }))
}

/**
 * The two halves of the COPY that moves a chunk. Page ranges are read with ONLY: they belong to this table, not to those
 * that inherit from it.
 */
export function copyStatements(table: CopyTable, {firstPage, nextPage}: Chunk): {out: string; into: string} {
  const columns = table.columns.join(', ')
  const form = table.binary ? ' (format binary)' : ''
  const listed = columns ? ` (${columns})` : ''
  const bounds = [
    ...(firstPage > 0 ? [`ctid >= '(${firstPage},0)'`] : []),
    ...(nextPage === null ? [] : [`ctid < '(${nextPage},0)'`]),
  ]
  const rows =
    bounds.length > 0
      ? `(select ${columns} from only ${table.name} where ${bounds.join(' and ')})`
      : `${table.name}${listed}`
  return {out: `copy ${rows} to stdout${form}`, into: `copy ${table.goesTo}${listed} from stdin${form}`}
}
