import {type Guard, OWN_SCHEMA} from '../postgres/catalog.js'
import {failed, RdsError} from '../ports/errors.js'
import {passFence} from '../fence/fence.js'
import type {Clock, Database, Session} from '../ports/ports.js'
import {type Applied, applyUnits, type Ends, type Pages} from './apply.js'
import {type Pending, pendingUnits} from './pending.js'
import {assertShape, type Shape} from './shape.js'
import {sourceChanged, sourceServer} from './source-server.js'
import {isKeyed, rowsOf, type Unit} from './units.js'
import {codeOf, EXCLUSION_VIOLATION, LOCK_NOT_AVAILABLE, UNIQUE_VIOLATION} from '../postgres/sqlstate.js'
import {serverClock} from '../postgres/server-clock.js'

export interface SyncWorld {
  source: Database
  target: Database
  guard: {readonly source: Guard; readonly target: Guard}
  clock: Clock
  signal: AbortSignal
  units: readonly Unit[]
  shape: Shape
  /** Opens the fence of the target, which is shut to all but the tool. */
  key: string
}

/** What a sync did. */
export interface Synced extends Applied {
  nth: string
  /** The source's clock at its snapshot. */
  at: string
  /** It took all that its snapshot saw: from then on the target was equal to it. */
  equal: boolean
  seconds: number
}

/** Where a sync has read, while its transaction on the source is still open. */
export interface Moment {
  /** For `set transaction snapshot`. */
  snapshot: string
  nth: string
}

/** About 50,000 entries: a few seconds of work, and little to do again. */
const PIECE_PAGES = 250

/**
 * Brings the target to a state that the source has had. A long backlog goes in pieces, table by table; what is left then
 * goes in one transaction on either side, which ends with the target equal to the source's snapshot unless more came in
 * between. The source forgets, in the transaction that read, exactly what it read, and only after the target has committed: killed
 * anywhere, the next sync does the same again. `meanwhile` may look at the moment at which both are equal.
 */
export async function sync(world: SyncWorld, meanwhile?: (moment: Moment) => Promise<void>): Promise<Synced> {
  const begun = world.clock.now().getTime()
  const pending = await pendingUnits(world.source, world.units)
  const pieces = await syncBacklog(world, pending)
  const left = pieces.entries > 0 ? await pendingUnits(world.source, world.units) : pending
  const last = await syncRest(world, left, meanwhile)
  return {
    ...last,
    entries: pieces.entries + last.entries,
    rows: pieces.rows + last.rows,
    seconds: (world.clock.now().getTime() - begun) / 1000,
  }
}

async function syncBacklog(world: SyncWorld, pending: readonly Pending[]): Promise<Applied> {
  const total = {entries: 0, rows: 0}
  const long = pending.filter(({unit, pages}) => isKeyed(unit) && pages > 2 * PIECE_PAGES)
  for (const {unit, pages} of long) {
    for (let first = 0; first < pages; first += PIECE_PAGES) {
      world.signal.throwIfAborted()
      const {entries, rows} = await syncPiece(world, unit, {first, next: first + PIECE_PAGES})
      total.entries += entries
      total.rows += rows
    }
  }
  return total
}

/** A value has moved to a row whose turn has not come yet. */
const TAKEN = new Set([UNIQUE_VIOLATION, EXCLUSION_VIOLATION])

async function syncPiece(world: SyncWorld, unit: Unit, pages: Pages): Promise<Applied> {
  try {
    return await inOneGo(world, [unit], (ends) => applyUnits([unit], ends, pages))
  } catch (error) {
    if (!TAKEN.has(codeOf(error))) throw error
    return inOneGo(world, [unit], (ends) => applyUnits([unit], ends))
  }
}

async function syncRest(world: SyncWorld, pending: readonly Pending[], meanwhile?: (moment: Moment) => Promise<void>) {
  const units = pending.map(({unit}) => unit)
  return inOneGo(
    world,
    units,
    async (ends) => {
      const applied = await applyUnits(units, ends)
      const late = (await pendingUnits(ends.from, world.units)).length > 0
      return {...applied, equal: !late}
    },
    meanwhile,
  )
}

type Result = Applied & {equal?: boolean}

type Work<T extends Result> = (ends: Ends) => Promise<T>
type Done<T extends Result> = T & {nth: string; at: string; equal: boolean}

/** Tables that somebody has locked against reading are tried so often, in about ten seconds. */
const LOCK_TRIES = 20

/** One transaction on each side; the target's commits first. */
async function inOneGo<T extends Result>(
  world: SyncWorld,
  taken: readonly Unit[],
  work: Work<T>,
  meanwhile?: (moment: Moment) => Promise<void>,
): Promise<Done<T>> {
  for (let tries = 1; ; tries++) {
    try {
      return await once(world, taken, work, meanwhile)
    } catch (error) {
      if (error instanceof RdsError || codeOf(error) !== LOCK_NOT_AVAILABLE) throw error
      if (tries === LOCK_TRIES) throw tableLocked(taken)
      await world.clock.sleep(50 * tries, world.signal)
    }
  }
}

async function once<T extends Result>(
  {source, target, guard, signal, units, shape, key}: SyncWorld,
  taken: readonly Unit[],
  work: Work<T>,
  meanwhile: ((moment: Moment) => Promise<void>) | undefined,
): Promise<Done<T>> {
  return source.transaction(
    async (from) => {
      await holdStill(from, taken)
      const now = await serverClock(from)
      const server = await sourceServer(from, units)
      await assertShape(from, shape, units)
      const done = await target.transaction(async (to) => {
        await to.query(`${guard.target}; set local synchronous_commit = on; set local lock_timeout = '60s'`)
        await passFence(to, key)
        const nth = await nextNumber(to, server)
        const result = await work({from, to, nth, signal})
        const equal = result.equal ?? false
        await to.query(
          `update ${OWN_SCHEMA}.sync_state set seen_at = $1, equal_at = case when $2 then $1 else equal_at end, ended_at = clock_timestamp(),
             keys = keys + $3, rows = rows + $4, waiting = null`,
          [now, equal, result.entries, result.rows],
        )
        return {...result, nth, at: now, equal}
      })
      if (meanwhile && done.equal) {
        const exported = await from.queryOne<{snapshot: string}>('select pg_export_snapshot() as snapshot')
        await meanwhile({snapshot: exported.snapshot, nth: done.nth})
      }
      await from.query(guard.source)
      return done
    },
    {mode: 'isolation level repeatable read'},
  )
}

/**
 * Before the snapshot is taken: a table that is truncated or rewritten under an older snapshot would look empty. Whoever waited
 * for a lock while he holds others could be in somebody's way for ever, so nobody is waited for. What is forgotten must stay forgotten
 * after a crash: a target remembers the rows without a key that the last sync counted, not those of the one before.
 */
async function holdStill(from: Session, units: readonly Unit[]): Promise<void> {
  await from.query(`set local synchronous_commit = on`)
  if (units.length > 0) await from.query(`lock table ${units.map(rowsOf).join(', ')} in access share mode nowait`)
}

/** Counts the sync, and refuses a source that is not the one the last sync read. */
async function nextNumber(to: Session, server: string): Promise<string> {
  const state = await to.queryOne<{nth: string; server: string}>(
    `update ${OWN_SCHEMA}.sync_state set nth = nth + 1, source_server = coalesce(source_server, $1) returning nth::text as nth, source_server as server`,
    [server],
  )
  if (state.server !== server) throw sourceChanged(state.server, server)
  return state.nth
}

const tableLocked = (taken: readonly Unit[]) =>
  failed(
    'table_locked',
    `one of ${taken.map(({relation}) => relation).join(', ')} is locked against reading on the source`,
    'heroku pg:locks shows by whom',
  )
