import {type Guard, OWN_SCHEMA} from '../catalog.js'
import type {Clock, Database, Operator} from '../ports.js'
import {buildIndex, finishTable, prepareToBuild} from './build-indexes.js'
import {capacityOf} from './capacity.js'
import {type KnownChunk, planChunks, type TablePlan} from './chunk-state.js'
import {type Copied, copyChunk} from './copy-chunk.js'
import {isLostConnection} from './lost-connection.js'
import type {Build, PostData} from './post-data.js'
import {progressOf} from './progress.js'
import {ReadyQueue} from './ready-queue.js'
import {shareSnapshot} from './snapshot.js'
import {type CopyTable, tablesWithRows} from './tables.js'

export interface CopyWorld {
  source: Database
  target: Database
  operator: Operator
  clock: Clock
  /** Every chunk is committed under it. */
  guard: Guard
}

/** Connections may break for so long without any chunk getting through. */
const PATIENCE_MS = 60_000
const PAUSE_MS = 500

interface Piece {
  table: CopyTable
  chunk: KnownChunk
}

/** What a lane of builds does next: an index, or the end of a table whose indexes are all there. */
interface Work {
  table: string
  bytes: number
  build?: Build
}

/**
 * Brings every row to the target, from one snapshot of the source, and builds each table's indexes as soon as its last row
 * has landed, while other tables are still on their way. Can be called again after whatever ended it: what has been marked
 * as copied stays, what was in flight is done again.
 */
export async function copyRows(
  {source, target, operator, clock, guard}: CopyWorld,
  {builds}: Pick<PostData, 'builds'>,
  given: AbortSignal,
): Promise<Copied & {tables: number; indexes: number}> {
  const failure = new AbortController()
  const signal = AbortSignal.any([given, failure.signal])
  const {jobs, buildMemory} = await capacityOf({source, target})
  const snapshot = shareSnapshot(source)
  const plans = await planFrom(snapshot, target)
  const progress = progressOf(plans, builds, clock, operator)

  const pieces: Piece[] = plans.flatMap(({table, chunks}) =>
    chunks.filter(({copied}) => !copied).map((chunk) => ({table, chunk})),
  )
  const missing = new Map(plans.map(({table, chunks}) => [table.identifier, chunks.filter(({copied}) => !copied).length]))
  const unbuilt = new Map([...builds].map(([table, list]) => [table, list.length]))
  const work = new ReadyQueue<Work>()
  let unfinished = missing.size

  const landed = (table: string) => {
    const list = builds.get(table) ?? []
    if (list.length > 0) work.add(...list.map((build) => ({table, bytes: build.bytes, build})))
    else work.add({table, bytes: 0})
  }
  const built = (table: string) => {
    const left = unbuilt.get(table)! - 1
    unbuilt.set(table, left)
    if (left === 0) work.add({table, bytes: 0})
  }
  const finished = () => {
    if (--unfinished === 0) work.close()
  }

  const copyLane = () =>
    snapshot.read(async (from) => {
      for (let piece = pieces.shift(); piece; piece = pieces.shift()) {
        signal.throwIfAborted()
        const {table, chunk} = piece
        const ended = progress.copying(table, chunk)
        try {
          await copyChunk(from, target, {table, chunk, guard}, ended.sent, signal)
        } catch (error) {
          pieces.unshift(piece)
          ended.failed()
          throw error
        }
        ended.done()
        const left = missing.get(table.identifier)! - 1
        missing.set(table.identifier, left)
        if (left === 0) landed(table.identifier)
      }
    })

  const buildLane = () =>
    target.session(
      async (session) => {
        await prepareToBuild(session, buildMemory)
        for (let next = await work.take(); next; next = await work.take()) {
          signal.throwIfAborted()
          const {table, build} = next
          const ended = progress.building(table, build)
          try {
            if (build) await buildIndex(session, build)
            else await finishTable(session, table, builds.get(table) ?? [])
          } catch (error) {
            work.add(next)
            ended.failed()
            throw error
          }
          ended.done()
          if (build) built(table)
          else finished()
        }
      },
      {disposable: true},
    )

  /** Again and again while nothing is wrong but the connection. */
  const persist = async (lane: () => Promise<void>) => {
    for (;;) {
      try {
        return await lane()
      } catch (error) {
        if (signal.aborted || !isLostConnection(error)) throw error
        if (clock.now().getTime() - progress.lastAdvance().getTime() > PATIENCE_MS) throw error
        operator.tell(`a connection broke (${(error as Error).message}): the copy goes on with another`)
        await clock.sleep(PAUSE_MS, signal)
      }
    }
  }
  const guarded = (lane: () => Promise<void>) =>
    persist(lane).catch((error: unknown) => {
      if (!failure.signal.aborted) {
        failure.abort(error)
        work.close()
        void target.interrupt().catch(() => undefined)
      }
    })

  for (const [table, left] of missing) if (left === 0) landed(table)
  if (unfinished === 0) work.close()
  const reading = Promise.all(Array.from({length: jobs}, () => guarded(copyLane)))
  try {
    const building = Array.from({length: Math.ceil(jobs / 2)}, () => guarded(buildLane))
    await reading
    await snapshot.release()
    building.push(...Array.from({length: Math.floor(jobs / 2)}, () => guarded(buildLane)))
    await Promise.all(building)
    given.throwIfAborted()
    if (failure.signal.aborted) throw failure.signal.reason
    return {...(await copiedSoFar(target)), tables: plans.length, indexes: progress.indexes()}
  } finally {
    progress.end()
    await snapshot.release()
  }
}

async function planFrom(snapshot: ReturnType<typeof shareSnapshot>, target: Database): Promise<TablePlan[]> {
  const tables = await snapshot.read(async (from) => tablesWithRows(from))
  return target.transaction((to) => planChunks(to, tables))
}

async function copiedSoFar(target: Database): Promise<Copied> {
  const [sum] = await target.query<Record<keyof Copied, string>>(
    `select coalesce(sum(rows), 0)::text as rows, coalesce(sum(sent_bytes), 0)::text as bytes from ${OWN_SCHEMA}.copy_chunks`,
  )
  return {rows: Number(sum!.rows), bytes: Number(sum!.bytes)}
}
