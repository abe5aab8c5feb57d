import {type Guard, OWN_SCHEMA} from '../catalog.js'
import {passFence} from '../freeze/fence.js'
import type {Clock, Database, Operator, Session} from '../ports.js'
import {buildIndex, finishTable, inBuildingSession} from './build-indexes.js'
import {capacityOf} from './capacity.js'
import {isMissing, planChunks, type TablePlan} from './chunk-state.js'
import {chunkQueue} from './chunk-queue.js'
import {copyChunk} from './copy-chunk.js'
import {ALREADY_THERE, execute} from './execute.js'
import {lanesOf} from './lanes.js'
import type {PostData} from './post-data.js'
import {progressOf} from './progress.js'
import {ReadyQueue} from './ready-queue.js'
import {shareSnapshot, type SharedSnapshot} from './snapshot.js'
import type {Copied} from './stream.js'
import {type CopyTable, tablesWithRows} from './tables.js'

export interface CopyWorld {
  source: Database
  target: Database
  operator: Operator
  clock: Clock
  /** Every chunk is committed under it. */
  guard: Guard
  /** Opens the fence of a target that is shut already. */
  key?: string
  /**
   * For a source that takes writes meanwhile: removes from a table, before its indexes are built, the rows that may have
   * changed between the moments at which its chunks were read; they are brought later. Left out for a frozen source, of
   * which all moments are equal.
   */
  settle?: (to: Session, table: CopyTable) => Promise<void>
  /** The moment to copy where it is not left to the copy; it is released when the last row is there. */
  snapshot?: SharedSnapshot
  /** Of a source that takes writes meanwhile: tables that must be read whole, at one moment. */
  atOnce?: (table: CopyTable) => boolean
}

/** What happens to a table once its rows are there. */
interface Work {
  what: string
  table: string
  bytes: number
  run(session: Session): Promise<void>
  done(): void
}

/**
 * Brings every row to the target, from one snapshot of the source, and builds each table's indexes as soon as its last row
 * has landed, while other tables are still on their way. Can be called again after whatever ended it: what has been marked
 * as copied stays, what was in flight is done again.
 */
export async function copyRows(
  {
    source,
    target,
    operator,
    clock,
    guard,
    key,
    settle,
    snapshot = shareSnapshot(source),
    atOnce = () => false,
  }: CopyWorld,
  {builds, statistics}: Pick<PostData, 'builds' | 'statistics'>,
  given: AbortSignal,
): Promise<Copied & {tables: number; indexes: number}> {
  const {jobs, buildMemory} = await capacityOf({source, target})
  for (const statement of statistics) await execute(target, statement, ALREADY_THERE)
  const plans = await planFrom(snapshot, target, {atOnce, key})
  const indexes = plans.flatMap(({table}) => builds.get(table.identifier) ?? [])
  const progress = progressOf(plans, indexes, clock, operator)
  const chunks = chunkQueue(plans)
  const work = new ReadyQueue<Work>()
  const lanes = lanesOf({clock, operator, lastAdvance: () => progress.lastAdvance()}, given, async () => {
    work.close()
    await target.interrupt().catch(() => undefined) // a target that is down runs nothing any more
  })

  let unfinished = plans.length
  const landed = (plan: TablePlan): void => {
    const table = plan.table.identifier
    const list = builds.get(table) ?? []
    const finish = () =>
      work.add({
        what: 'statistics',
        table,
        bytes: 0,
        run: (session) => finishTable(session, table, list),
        done: () => --unfinished === 0 && work.close(),
      })
    const build = () => {
      let unbuilt = list.length
      if (unbuilt === 0) finish()
      for (const index of list) {
        work.add({
          what: `index ${index.name}`,
          table,
          bytes: index.bytes,
          run: (session) => buildIndex(session, index, work.idle()),
          done: () => --unbuilt === 0 && finish(),
        })
      }
    }
    const mixed = new Set(plan.chunks.map(({moment}) => moment)).size > 1
    if (settle && mixed) {
      work.add({what: 'changes', table, bytes: 0, run: (session) => settle(session, plan.table), done: build})
    } else build()
  }

  const copyLane = () =>
    snapshot.read(async (from, moment) => {
      for (let next = chunks.take(); next; next = chunks.take(next)) {
        const {plan, chunk} = next
        const running = progress.copying(plan.table, chunk)
        try {
          await copyChunk(
            from,
            target,
            {table: plan.table, chunk, moment, guard, key},
            (bytes) => running.sent(bytes),
            lanes.signal,
          )
        } catch (error) {
          chunks.putBack(next)
          running.failed()
          throw error
        }
        chunk.moment = moment
        running.done()
        if (!plan.chunks.some(isMissing)) landed(plan)
      }
    })

  const buildLane = () =>
    inBuildingSession(target, buildMemory, async (session) => {
      for (let next = await work.take(); next; next = await work.take()) {
        lanes.signal.throwIfAborted()
        const running = progress.building(next)
        try {
          await next.run(session)
        } catch (error) {
          work.add(next)
          running.failed()
          throw error
        }
        running.done()
        next.done()
      }
    })

  try {
    for (const plan of plans) if (!plan.chunks.some(isMissing)) landed(plan)
    if (unfinished === 0) work.close()
    const building = [lanes.run(Math.ceil(jobs / 2), buildLane)]
    await lanes.run(jobs, copyLane)
    await snapshot.release()
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

async function planFrom(
  snapshot: SharedSnapshot,
  target: Database,
  {atOnce, key}: {atOnce: (table: CopyTable) => boolean; key: string | undefined},
): Promise<TablePlan[]> {
  try {
    const tables = (await snapshot.read((from) => tablesWithRows(from))).map((table) => ({
      ...table,
      divisible: table.divisible && !atOnce(table),
    }))
    return await target.transaction(async (to) => {
      if (key !== undefined) await passFence(to, key)
      return planChunks(to, tables)
    })
  } catch (error) {
    await snapshot.release()
    throw error
  }
}

/** By this run and those before it. */
async function copiedSoFar(target: Database): Promise<Copied> {
  const [sum] = await target.query<Record<keyof Copied, string>>(
    `select coalesce(sum(rows), 0)::text as rows, coalesce(sum(sent_bytes), 0)::text as bytes from ${OWN_SCHEMA}.copy_chunks`,
  )
  return {rows: Number(sum!.rows), bytes: Number(sum!.bytes)}
}
