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

/** Between the longest and the shortest chunk, as a share of the usual one; chunks of a few pages are as they come. */
const UNEVEN = 0.5
const FEW_PAGES = 8
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2

/**
 * Cuts a table at page boundaries, so that each part is read in physical order. Parts are about equal, but no two alike: lanes that share a
 * line would otherwise end, and wait for the servers, all at the same time.
 */
export function chunksOf({bytes, pages, divisible}: CopyTable, size: number): Chunk[] {
  const count = divisible ? Math.max(1, Math.min(Math.round(bytes / size), pages)) : 1
  const uneven = pages / count < FEW_PAGES ? 0 : UNEVEN
  const putOff = (nth: number) => (nth === 0 ? 0 : uneven * (((nth ** 2 * GOLDEN_RATIO) % 1) - 0.5))
  const boundary = (nth: number) => Math.floor((pages * (nth + putOff(nth))) / count)
  return Array.from({length: count}, (_, nth) => {
    const [firstPage, end] = [boundary(nth), nth === count - 1 ? pages : boundary(nth + 1)]
    return {
      firstPage,
      nextPage: nth === count - 1 ? null : end,
      bytes: Math.round(bytes * (pages === 0 ? 1 : (end - firstPage) / pages)),
    }
  })
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
