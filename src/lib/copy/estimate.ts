import type {Copy} from '../ports/assessment.js'

/** What a copy has to do, in bytes. */
export interface Contents {
  /** That a COPY of all rows sends. */
  sent: number
  /** Of rows and TOAST on the source, of all indexes, and of those of the largest table. */
  rows: number
  indexes: number
  largestIndexes: number
}

/** Where it has to be done. */
export interface Means {
  /** That the slower of both lines carries; null where none was measured. */
  bytesPerSecond: number | null
  /** Of the longer of both lines. */
  roundTripSeconds: number
  tables: number
  /** As many as `capacityOf` finds. */
  jobs: number
}

/** Bytes of rows and indexes that one job of a copy gets done in a second: 1.02 GB by two jobs in 25.8 s (bench/results/copy.json). */
const JOB_BYTES_PER_SECOND = 20e6
/** Waits of a copy one after the other, and more of them for each table (test/contract/thousand-tables.test.ts). */
const WAITS = {once: 30, perTable: 0.05}

/**
 * How long a copy of rows and indexes is expected to take. Rows arrive as the line carries them, while indexes of tables that are there are
 * built; those of the largest table come when it is there.
 */
export function expectedCopy(
  {sent, rows, indexes, largestIndexes}: Contents,
  {bytesPerSecond, roundTripSeconds, tables, jobs}: Means,
): Copy {
  const work = (bytes: number) => bytes / (jobs * JOB_BYTES_PER_SECOND)
  const atOnce = work(rows + indexes)
  const overTheLine = bytesPerSecond === null ? 0 : sent / bytesPerSecond + work(largestIndexes)
  const waiting = (WAITS.once + WAITS.perTable * tables) * roundTripSeconds
  return {bytes: sent, bytesPerSecond, seconds: Math.max(atOnce, overTheLine) + waiting, nearSeconds: atOnce}
}
