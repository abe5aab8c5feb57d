import {type Guard, OWN_SCHEMA} from '../postgres/catalog.js'
import {passFence} from '../fence/fence.js'
import type {Bounds} from '../flow/batches.js'
import type {Clock, Database, Operator, Session} from '../ports/ports.js'
import {finishSome, inBuildingSession} from './build-indexes.js'
import {appSearchPath} from '../postgres/app-search-path.js'
import {capacityOf} from '../postgres/capacity.js'
import {isUnfinished, planChunks, type TablePlan} from './chunk-state.js'
import {chunkQueue, type ChunkQueue, type Load, smallOf} from './chunk-queue.js'
import {chunkBytes} from './chunks.js'
import {copyLoad, rewritten, Rewritten} from './copy-load.js'
import {ALREADY_THERE, executeAll} from './execute.js'
import {tableFinisher, type Work} from './finish-tables.js'
import {lanesOf} from './lanes.js'
import type {PostData} from './post-data.js'
import {progressOf} from './progress.js'
import {ReadyQueue} from './ready-queue.js'
import {shareSnapshot, type SharedSnapshot} from './snapshot.js'
import type {Copied} from '../postgres/copy-stream.js'
import type {TableName} from '../postgres/tables.js'
import {type CopyTable, tablesWithRows} from './tables.js'

export interface CopyWorld {
  source: Database
  target: Database
  operator: Operator
  clock: Clock
  /** Every chunk is committed under it. */
  guard: Guard
  /** Opens the fence of a target that is shut already. */
  fencePass?: string
  /**
   * For a source that takes writes meanwhile: removes from a table, or from a tree of partitions, before its indexes are built,
   * the rows that may have changed between the moments at which its chunks were read; they are brought later. Left out for a
   * frozen source, of which all moments are equal.
   */
  deleteTouched?: (to: Session, name: TableName) => Promise<void>
  /** The moment to copy where it is not left to the copy; it is released when the last row is there. */
  snapshot?: SharedSnapshot
  /** Of a source that takes writes meanwhile: tables that must be read whole, at one moment. */
  atOnce?: (table: CopyTable) => boolean
  /** Bytes a second that the line carries; left out where it was not measured. */
  lineBytesPerSecond?: number
}

/**
 * How long a lane reads in one transaction, in milliseconds, and one chunk more: until then nobody can alter or truncate what it has read,
 * and other sessions queue behind that lock request.
 */
const LOCKS_HELD_MS = 1000

/** Builds of one message: small ones, of which a distant target would do one in each round trip. */
const AT_ONCE: Bounds = {items: 100, bytes: 4 * 1024 ** 2}

/**
 * Brings every row to the target, from one snapshot of the source, and builds each table's indexes as soon as its last row
 * has landed, while other tables are still on their way. Can be called again however it ended: what has been marked
 * as copied stays, what was in flight is done again.
 */
export async function copyRows(
  {
    source,
    target,
    operator,
    clock,
    guard,
    fencePass,
    deleteTouched,
    snapshot: given,
    atOnce = () => false,
    lineBytesPerSecond,
  }: CopyWorld,
  {builds, statistics}: Pick<PostData, 'builds' | 'statistics'>,
  interrupted: AbortSignal,
): Promise<Copied & {tables: number; indexes: number}> {
  const {jobs, buildMemory} = await capacityOf({from: source, to: target})
  await executeAll(target, statistics, {allowed: ALREADY_THERE})
  const snapshot = given ?? shareSnapshot(source)
  const size = chunkBytes(jobs, lineBytesPerSecond)
  const layout = {snapshot, target, atOnce, fencePass, size}
  const path = await appSearchPath(source)
  const plans = await planFrom(layout, () => true)
  const indexes = plans.flatMap(({table}) => builds.get(table.name) ?? [])
  const progress = progressOf(plans, indexes, {clock, operator, lineBytesPerSecond})
  const work = new ReadyQueue<Work>()
  const lanes = lanesOf({clock, operator, lastAdvance: () => progress.lastAdvance()}, interrupted, async () => {
    work.close()
    await target.interrupt().catch(() => undefined) // a target that is down runs nothing any more
  })

  const rowsArrived = tableFinisher(work, plans, {builds, deleteTouched})

  const copyLane = (chunks: ChunkQueue) => async (advanced: () => void) => {
    for (let next = chunks.take(); next;) {
      try {
        await snapshot.read(async (from, snapshot) => {
          const since = clock.now().getTime()
          do {
            await copy(from, snapshot, next!, chunks)
            advanced()
            next = chunks.take(next)
          } while (next && clock.now().getTime() - since < LOCKS_HELD_MS)
        })
      } catch (error) {
        if (next) chunks.putBack(next)
        throw error
      }
    }
  }

  const copy = async (from: Session, snapshot: string, load: Load, chunks: ChunkQueue): Promise<void> => {
    const running = progress.copying(load)
    const sent = (bytes: number) => running.sent(bytes)
    try {
      const moments = await copyLoad(from, target, load, {snapshot, guard, fencePass, path, sent, signal: lanes.signal})
      for (const [nth, {chunk}] of load.entries()) chunk.snapshot = moments[nth]!
      running.done()
      for (const {plan} of load) if (!isUnfinished(plan)) rowsArrived(plan)
    } catch (error) {
      running.failed()
      if (given || !(error instanceof Rewritten)) throw error
      chunks.putBack(load)
      for (const plan of error.moved) {
        chunks.drop(plan)
        operator.tell(`${rewritten(plan)}: copying it again`)
      }
    }
  }

  const buildLane = () =>
    inBuildingSession({source, target}, buildMemory, async (session) => {
      for (let some = await work.take(AT_ONCE); some.length > 0; some = await work.take(AT_ONCE)) {
        lanes.signal.throwIfAborted()
        const running = some.map((one) => progress.building(one))
        try {
          await finishSome(session, some, work.idle())
        } catch (error) {
          work.add(...some)
          for (const one of running) one.failed()
          throw error
        }
        for (const one of [...running, ...some]) one.done()
      }
    })

  try {
    for (const plan of plans) if (!isUnfinished(plan)) rowsArrived(plan)
    const building = [lanes.run(Math.ceil(jobs / 2), buildLane)]
    for (let left = plans; left.length > 0; left = plans.filter(isUnfinished)) {
      if (left !== plans) await lanes.run(1, () => planAnew(layout, plans, left))
      await lanes.run(jobs, copyLane(chunkQueue(left, smallOf(size))))
      await snapshot.release()
      if (lanes.signal.aborted) break
    }
    building.push(lanes.run(Math.floor(jobs / 2), buildLane))
    await Promise.all(building)
    lanes.signal.throwIfAborted()
    return {...(await copiedSoFar(target)), tables: plans.length, indexes: indexes.length}
  } finally {
    progress.end()
    await lanes.end()
    await snapshot.release()
  }
}

interface Layout {
  snapshot: SharedSnapshot
  target: Database
  atOnce: (table: CopyTable) => boolean
  fencePass: string | undefined
  /** Of a chunk, in bytes. */
  size: number
}

async function planFrom(
  {snapshot, target, atOnce, fencePass, size}: Layout,
  wanted: (table: CopyTable) => boolean,
): Promise<TablePlan[]> {
  try {
    const tables = await snapshot.read((from) => tablesWithRows(from))
    return await target.transaction(async (to) => {
      if (fencePass !== undefined) await passFence(to, fencePass)
      return planChunks(
        to,
        tables.filter(wanted).map((table) => ({...table, divisible: table.divisible && !atOnce(table)})),
        size,
      )
    })
  } catch (error) {
    await snapshot.release()
    throw error
  }
}

/** For tables that were moved on the source, and those whose rows go to the same place. */
async function planAnew(layout: Layout, plans: readonly TablePlan[], left: readonly TablePlan[]): Promise<void> {
  const places = new Set(left.map(({table}) => table.goesTo))
  const moved = new Map(plans.filter(({table}) => places.has(table.goesTo)).map((plan) => [plan.table.name, plan]))
  for (const plan of await planFrom(layout, ({name}) => moved.has(name)))
    Object.assign(moved.get(plan.table.name)!, plan)
}

/** By this run and those before it. */
async function copiedSoFar(target: Database): Promise<Copied> {
  const sum = await target.queryOne<Record<keyof Copied, string>>(
    `select coalesce(sum(rows), 0)::text as rows, coalesce(sum(sent_bytes), 0)::text as bytes
     from ${OWN_SCHEMA}.copy_chunks`,
  )
  return {rows: Number(sum.rows), bytes: Number(sum.bytes)}
}
