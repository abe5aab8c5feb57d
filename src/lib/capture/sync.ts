import {type Guard, OWN_SCHEMA} from '../postgres/catalog.js'
import {failed, RdsError} from '../ports/errors.js'
import {passFence} from '../fence/fence.js'
import type {Clock, Database, Session} from '../ports/ports.js'
import {type Applied, applyTables, type Ends, type LogChunk} from './apply.js'
import {type Pending, pendingTables} from './pending.js'
import {assertShape, type Shape} from './shape.js'
import {type Server, serverChanged, serverOf, serverWentBack} from './server.js'
import {isKeyed, rowsOf, type CapturedTable} from './captured-table.js'
import {codeOf, EXCLUSION_VIOLATION, LOCK_NOT_AVAILABLE, UNIQUE_VIOLATION} from '../postgres/sqlstate.js'
import {appSearchPath, searching} from '../postgres/app-search-path.js'
import {refusing} from '../postgres/refusal.js'
import {serverClock} from '../postgres/server-clock.js'

export interface SyncWorld {
  from: Database
  to: Database
  guard: {readonly from: Guard; readonly to: Guard}
  clock: Clock
  signal: AbortSignal
  tables: readonly CapturedTable[]
  shape: Shape
  /** Opens the fence of the `to` side, which is shut to all but the tool. */
  fencePass: string
}

/** What a sync did. */
export interface Synced extends Applied {
  syncNumber: string
  /** The clock of the `from` side at its snapshot. */
  at: string
  /** It took all that its snapshot saw: `to` was equal to it then. */
  equal: boolean
  seconds: number
}

/** What a sync has read, while its transaction on the `from` side is still open. */
export interface SyncSnapshot {
  /** For `set transaction snapshot`. */
  snapshot: string
  syncNumber: string
}

/** About 50,000 entries: a few seconds of work, and little to do again. */
const CHUNK_PAGES = 250

/**
 * Brings `to` to a past state of `from`. A long backlog is applied in chunks, table by table; the rest in one transaction on each side,
 * after which `to` equals the snapshot of `from` unless new changes have arrived. `from` deletes exactly the log entries it has read, in the
 * transaction that read them, and commits only after `to` has: if the process dies at any point, the next sync repeats the work.
 * `meanwhile` can look at the snapshot to which both are equal.
 */
export const sync = (world: SyncWorld, meanwhile?: (snapshot: SyncSnapshot) => Promise<void>): Promise<Synced> =>
  syncAll(world, meanwhile).catch(refusing(`changes could not be applied to the ${world.to.side}`))

async function syncAll(
  world: SyncWorld,
  meanwhile: ((snapshot: SyncSnapshot) => Promise<void>) | undefined,
): Promise<Synced> {
  const begun = world.clock.now().getTime()
  const pending = await pendingTables(world.from, world.tables)
  const backlog = await syncBacklog(world, pending)
  const left = backlog.entries > 0 ? await pendingTables(world.from, world.tables) : pending
  const last = await syncRest(world, left, meanwhile)
  return {
    ...last,
    entries: backlog.entries + last.entries,
    rows: backlog.rows + last.rows,
    seconds: (world.clock.now().getTime() - begun) / 1000,
  }
}

async function syncBacklog(world: SyncWorld, pending: readonly Pending[]): Promise<Applied> {
  const total = {entries: 0, rows: 0}
  const long = pending.filter(({table, pages}) => isKeyed(table) && pages > 2 * CHUNK_PAGES)
  for (const {table, pages} of long) {
    for (let first = 0; first < pages; first += CHUNK_PAGES) {
      world.signal.throwIfAborted()
      const {entries, rows} = await syncChunk(world, table, {first, next: first + CHUNK_PAGES})
      total.entries += entries
      total.rows += rows
    }
  }
  return total
}

/** A value has moved to a row whose turn has not come yet. */
const TAKEN = new Set([UNIQUE_VIOLATION, EXCLUSION_VIOLATION])

async function syncChunk(world: SyncWorld, table: CapturedTable, chunk: LogChunk): Promise<Applied> {
  try {
    return await inOneGo(world, [table], (ends) => applyTables([table], ends, chunk))
  } catch (error) {
    if (!TAKEN.has(codeOf(error))) throw error
    return inOneGo(world, [table], (ends) => applyTables([table], ends))
  }
}

async function syncRest(
  world: SyncWorld,
  pending: readonly Pending[],
  meanwhile?: (snapshot: SyncSnapshot) => Promise<void>,
) {
  const tables = pending.map(({table}) => table)
  return inOneGo(
    world,
    tables,
    async (ends) => {
      const applied = await applyTables(tables, ends)
      const late = (await pendingTables(ends.from, world.tables)).length > 0
      return {...applied, equal: !late}
    },
    meanwhile,
  )
}

type Result = Applied & {equal?: boolean}

type Work<T extends Result> = (ends: Ends) => Promise<T>
type Done<T extends Result> = T & {syncNumber: string; at: string; equal: boolean}

/** Attempts to lock the tables: about ten seconds in all. */
const LOCK_TRIES = 20

/** One transaction on each side; that of `to` commits first. */
async function inOneGo<T extends Result>(
  world: SyncWorld,
  taken: readonly CapturedTable[],
  work: Work<T>,
  meanwhile?: (snapshot: SyncSnapshot) => Promise<void>,
): Promise<Done<T>> {
  for (let tries = 1; ; tries++) {
    try {
      return await once(world, taken, work, meanwhile)
    } catch (error) {
      if (error instanceof RdsError || codeOf(error) !== LOCK_NOT_AVAILABLE) throw error
      if (tries === LOCK_TRIES) throw tableLocked(world.from, taken)
      await world.clock.sleep(50 * tries, world.signal)
    }
  }
}

async function once<T extends Result>(
  world: SyncWorld,
  taken: readonly CapturedTable[],
  work: Work<T>,
  meanwhile: ((snapshot: SyncSnapshot) => Promise<void>) | undefined,
): Promise<Done<T>> {
  const {guard, signal, tables, shape, fencePass} = world
  const path = await appSearchPath(world.from)
  return world.from.transaction(
    async (from) => {
      await holdStill(from, taken)
      const now = await serverClock(from)
      await assertShape(from, shape, tables)
      const server = await serverOf(from, tables, searching(path))
      const bring = async (to: Session): Promise<Done<T>> => {
        await to.query(`${guard.to}; set local synchronous_commit = on; set local lock_timeout = '60s'`)
        await passFence(to, fencePass)
        const syncNumber = await nextNumber(to, world.from.side, server)
        const result = await work({from, to, syncNumber, signal})
        const equal = result.equal ?? false
        await to.query(
          `update ${OWN_SCHEMA}.sync_state
           set equal_at = case when $2 then $1::timestamptz else equal_at end, rows = rows + $3`,
          [now, equal, result.rows],
        )
        return {...result, syncNumber, at: now, equal}
      }
      const done = await world.to.transaction(bring, {path})
      if (meanwhile && done.equal) {
        const exported = await from.queryOne<{snapshot: string}>('select pg_export_snapshot() as snapshot')
        await meanwhile({snapshot: exported.snapshot, syncNumber: done.syncNumber})
      }
      await from.query(guard.from)
      return done
    },
    {mode: 'isolation level repeatable read'},
  )
}

/**
 * Before the snapshot is taken: a table that is truncated or rewritten under an older snapshot would look empty. Waiting for a lock while
 * holding others could block the app without end, so the locks are taken without waiting. What is deleted from the log must stay deleted
 * after a crash: the other side remembers the rows without a key that the last sync counted, not those of the one before.
 */
async function holdStill(from: Session, tables: readonly CapturedTable[]): Promise<void> {
  await from.query(`set local synchronous_commit = on`)
  if (tables.length > 0) await from.query(`lock table ${tables.map(rowsOf).join(', ')} in access share mode nowait`)
}

/** Counts the sync, and refuses a server that is not the one the last sync read, or in an earlier state than at any sync. */
async function nextNumber(to: Session, side: string, server: Server): Promise<string> {
  const state = await to.queryOne<{syncNumber: string; name: string; wentBack: boolean}>(
    `update ${OWN_SCHEMA}.sync_state
     set nth = nth + 1,
       source_server = coalesce(source_server, $1),
       source_ended = greatest(source_ended, $2::xid8)
     returning nth::text as "syncNumber", source_server as name, source_ended > $3::xid8 as "wentBack"`,
    [server.name, server.ended, server.next],
  )
  if (state.name !== server.name) throw serverChanged(side, state.name, server.name)
  if (state.wentBack) throw serverWentBack(side, server.next)
  return state.syncNumber
}

const tableLocked = ({side}: Database, taken: readonly CapturedTable[]) =>
  failed(
    'table_locked',
    `one of ${taken.map(({name}) => name).join(', ')} is locked against reading on the ${side}`,
    'heroku pg:locks shows by whom',
  )
