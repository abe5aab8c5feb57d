import {firstWithin} from '../flow/batches.js'
import type {Clock, Operator} from '../ports/ports.js'
import {type Difference, locate} from './locate.js'
import type {SnapshotPair} from './pair.js'
import {isSame, NOTHING, plus, rangesOf, type Run, type Sum, sumsOf} from './sums.js'
import {pagesOf, type TablePart, type VerifyTable} from './tables.js'

export interface Verification {
  tables: number
  rows: bigint
  bytes: number
  differences: Difference[]
  /** Tables that were truncated or rewritten meanwhile: nothing is known of them. */
  moved: string[]
  /** Some rows of each table only: nothing is proven. */
  sampled?: true
}

export interface HowToVerify {
  /** Sessions on each side. */
  jobs: number
  signal: AbortSignal
  clock: Clock
  operator: Operator
  /** Pause after each chunk, as a multiple of the time it took: the servers have other work to do. */
  rest?: number
  /** Whether a table that differs can have been read as it was; all can where it is left out. */
  hasMoved?: (table: VerifyTable) => Promise<boolean>
  /** Told of tables that were looked at. */
  verified?: (looked: readonly Looked[]) => Promise<void>
}

/** A table that was looked at; `rows` on the `from` side. */
export interface Looked {
  table: VerifyTable
  rows: bigint
  differences: readonly Difference[]
}

/** Pages of which the rows are summed up in one go, and how many runs of them at most: small tables go together. */
const AT_ONCE = {items: 100, bytes: 64 * 1024 ** 2}

interface Chunk extends Run {
  bytes: number
}

/** Chunks of a table that are not summed yet, and the sums so far. */
interface Account {
  open: number
  sums: Record<keyof SnapshotPair, Sum>
}

const EVERY_MS = 1000

/**
 * Compares every row of the tables between two moments, in parts, both sides and several tables at a time. A table whose sums
 * differ is looked into until the rows are named.
 */
export async function compareContents(
  pair: SnapshotPair,
  tables: readonly VerifyTable[],
  {
    jobs,
    signal: given,
    clock,
    operator,
    rest = 0,
    hasMoved = () => Promise.resolve(false),
    verified = () => Promise.resolve(),
  }: HowToVerify,
): Promise<Verification> {
  const result: Verification = {tables: tables.length, rows: 0n, bytes: 0, differences: [], moved: []}
  const there = await pair.to.read((db) => pagesOf(db, tables))
  const queues: Record<keyof SnapshotPair, Chunk[]> = {
    from: chunksOf(tables, (part) => part),
    to: chunksOf(tables, ({name}) => ({name, pages: there.get(name)!, divisible: true})),
  }
  const chunksIn = (table: VerifyTable) =>
    [...queues.from, ...queues.to].filter((chunk) => chunk.table === table).length
  const accounts = new Map<VerifyTable, Account>(
    tables.map((table) => [table, {open: chunksIn(table), sums: {from: NOTHING, to: NOTHING}}]),
  )
  const stop = new AbortController()
  const signal = AbortSignal.any([given, stop.signal])
  const totalBytes = tables.reduce((sum, {bytes}) => sum + bytes, 0)
  let tablesDone = 0
  const timer = setInterval(
    () => operator.verifying({tables: tablesDone, totalTables: tables.length, bytes: result.bytes, totalBytes}),
    EVERY_MS,
  )
  timer.unref()

  const conclude = async (concluded: readonly VerifyTable[]) => {
    const looked: Looked[] = []
    for (const table of concluded) {
      const {sums} = accounts.get(table)!
      const differences = isSame(sums.from, sums.to) ? [] : await locate(pair, table)
      tablesDone++
      if (differences.length > 0 && (await hasMoved(table))) {
        result.moved.push(table.name)
        continue
      }
      result.rows += sums.from.rows
      result.bytes += table.bytes
      result.differences.push(...differences)
      looked.push({table, rows: sums.from.rows, differences})
    }
    if (looked.length > 0) await verified(looked)
  }
  const lane = async (side: keyof SnapshotPair) => {
    const queue = queues[side]
    while (queue.length > 0) {
      signal.throwIfAborted()
      const some = queue.splice(0, firstWithin(queue, AT_ONCE))
      const begun = clock.now().getTime()
      const sums = await pair[side].read((db) => sumsOf(db, some))
      const concluded: VerifyTable[] = []
      for (const [nth, {table}] of some.entries()) {
        const account = accounts.get(table)!
        account.sums[side] = plus(account.sums[side], sums[nth]!)
        if (--account.open === 0) concluded.push(table)
      }
      await conclude(concluded)
      if (rest > 0) await clock.sleep(rest * (clock.now().getTime() - begun), signal)
    }
  }
  const lanes = Array.from({length: jobs}, () => [lane('from'), lane('to')]).flat()
  try {
    await Promise.all(lanes)
    return result
  } catch (error) {
    stop.abort(error)
    await Promise.allSettled(lanes)
    throw error
  } finally {
    clearInterval(timer)
  }
}

const PAGE_BYTES = 8192

const chunksOf = (tables: readonly VerifyTable[], onThisSide: (part: TablePart) => TablePart): Chunk[] =>
  tables.flatMap((table) =>
    table.parts.map(onThisSide).flatMap((part) => {
      const ranges = rangesOf(part)
      const bytes = (part.pages * PAGE_BYTES) / ranges.length
      return ranges.map((range) => ({table, part, range, bytes}))
    }),
  )
