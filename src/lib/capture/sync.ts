import {type Guard, OWN_SCHEMA} from '../catalog.js'
import {failed, RdsError} from '../errors.js'
import type {Clock, Database, Session} from '../ports.js'
import {type Applied, applyUnit, type Pages} from './apply.js'
import {pendingUnits} from './pending.js'
import {assertShape, type Shape} from './shape.js'
import {sourceServer} from './source-server.js'
import {isKeyed, type Unit} from './units.js'

export interface SyncWorld {
  source: Database
  target: Database
  guard: {readonly source: Guard; readonly target: Guard}
  clock: Clock
  signal: AbortSignal
  units: readonly Unit[]
  shape: Shape
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
  const pieces = await syncBacklog(world)
  const last = await syncRest(world, meanwhile)
  return {
    ...last,
    entries: pieces.entries + last.entries,
    rows: pieces.rows + last.rows,
    seconds: (world.clock.now().getTime() - begun) / 1000,
  }
}

async function syncBacklog(world: SyncWorld): Promise<Applied> {
  const total = {entries: 0, rows: 0}
  const long = (await pendingUnits(world.source, world.units)).filter(
    ({unit, pages}) => isKeyed(unit) && pages > 2 * PIECE_PAGES,
  )
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

/** unique_violation, exclusion_violation: a value has moved to a row whose turn has not come yet. */
const TAKEN = new Set(['23505', '23P01'])

async function syncPiece(world: SyncWorld, unit: Unit, pages: Pages): Promise<Applied> {
  try {
    return await inOneGo(world, [unit], (ends) => applyUnit(unit, ends, pages))
  } catch (error) {
    if (!TAKEN.has(String((error as {code?: unknown}).code))) throw error
    return inOneGo(world, [unit], (ends) => applyUnit(unit, ends))
  }
}

async function syncRest(world: SyncWorld, meanwhile?: (moment: Moment) => Promise<void>) {
  const pending = (await pendingUnits(world.source, world.units)).map(({unit}) => unit)
  return inOneGo(
    world,
    pending,
    async (ends) => {
      const total = {entries: 0, rows: 0}
      for (const unit of pending) {
        world.signal.throwIfAborted()
        const {entries, rows} = await applyUnit(unit, ends)
        total.entries += entries
        total.rows += rows
      }
      const late = (await pendingUnits(ends.from, world.units)).length > 0
      return {...total, equal: !late}
    },
    meanwhile,
  )
}

type Result = Applied & {equal?: boolean}

/** One transaction on each side; the target's commits first. */
async function inOneGo<T extends Result>(
  {source, target, guard, signal, units, shape}: SyncWorld,
  taken: readonly Unit[],
  work: (ends: {from: Session; to: Session; nth: string; signal: AbortSignal}) => Promise<T>,
  meanwhile?: (moment: Moment) => Promise<void>,
): Promise<T & {nth: string; at: string; equal: boolean}> {
  return source
    .transaction(
      async (from) => {
        await holdStill(from, taken)
        const [now] = await from.query<{at: string}>('select clock_timestamp()::text as at')
        const server = await sourceServer(from)
        await assertShape(from, shape, taken)
        const done = await target.transaction(async (to) => {
          await to.query(`${guard.target}; set local synchronous_commit = on; set local lock_timeout = '60s'`)
          const nth = await nextNumber(to, server)
          const result = await work({from, to, nth, signal})
          const equal = result.equal ?? false
          await to.query(
            `update ${OWN_SCHEMA}.sync_state set seen_at = $1, equal_at = case when $2 then $1 else equal_at end, ended_at = clock_timestamp(),
             keys = keys + $3, rows = rows + $4, waiting = null`,
            [now!.at, equal, result.entries, result.rows],
          )
          return {...result, nth, at: now!.at, equal}
        })
        if (meanwhile && done.equal) {
          const [exported] = await from.query<{snapshot: string}>('select pg_export_snapshot() as snapshot')
          await meanwhile({snapshot: exported!.snapshot, nth: done.nth})
        }
        await from.query(guard.source)
        return done
      },
      {mode: 'isolation level repeatable read'},
    )
    .catch((error: unknown) => {
      throw explained(error, units)
    })
}

/** Before the snapshot is taken: a table that is truncated or rewritten under an older snapshot would look empty. */
async function holdStill(from: Session, units: readonly Unit[]): Promise<void> {
  await from.query(`set local synchronous_commit = off`)
  if (units.length > 0) {
    await from.query(
      `lock table ${units.map((unit) => (unit.members.length > 1 ? unit.relation : `only ${unit.relation}`)).join(', ')} in access share mode`,
    )
  }
}

/** Counts the sync, and refuses a source that is not the one the last sync read. */
async function nextNumber(to: Session, server: string): Promise<string> {
  const [state] = await to.query<{nth: string; server: string}>(
    `update ${OWN_SCHEMA}.sync_state set nth = nth + 1, source_server = coalesce(source_server, $1) returning nth::text as nth, source_server as server`,
    [server],
  )
  if (state!.server !== server) {
    throw failed(
      'source_failed_over',
      `the source has failed over (it was ${state!.server}, it is ${server}): it may have lost commits that the target has`,
      'heroku rds:verify names what differs',
      'heroku rds:start --abandon, then heroku rds:start, copies anew',
    )
  }
  return state!.nth
}

/** lock_not_available: on the source it is a table that somebody has locked against reading. */
const explained = (error: unknown, units: readonly Unit[]): unknown => {
  if (error instanceof RdsError || (error as {code?: string}).code !== '55P03') return error
  return failed(
    'table_locked',
    `a table of the source is locked against reading (${units.length} are followed)`,
    'heroku pg:locks shows by whom',
  )
}
