import {capturedUnits, schemaChangeOf} from './captured.js'
import {withSyncLock} from './sync-lock.js'
import {sync, type Synced, type SyncWorld} from './sync.js'
import {pruneTouched} from './touched.js'
import {detachConstraints} from '../copy/detach-constraints.js'
import type {Pace} from '../flow/pace.js'
import {inWindow} from '../journal/in-window.js'
import {failed, messageOf} from '../ports/errors.js'
import type {Operator} from '../ports/ports.js'
import {OWN_SCHEMA} from '../postgres/catalog.js'
import {isLostConnection} from '../postgres/lost-connection.js'
import {longTransaction} from '../postgres/sessions.js'

/** Tables may come and go without any capture noticing. */
const LOOK_AT_TABLES_MS = 5000

const LONGEST_RETRY_MS = 30_000

export interface Following extends Omit<SyncWorld, 'key' | 'shape' | 'units'> {
  operator: Operator
  journal: Parameters<typeof capturedUnits>[0]['journal']
}

/** Syncs again and again until the signal aborts. Connections that break are made anew, for as long as it takes. */
export async function follow(migration: Following, {pauseMs, rest}: Pace): Promise<void> {
  const {clock, signal, operator} = migration
  let captured = await capturedUnits(migration)
  let looked = clock.now().getTime()
  let failures = 0
  while (!signal.aborted) {
    try {
      if (clock.now().getTime() - looked > LOOK_AT_TABLES_MS) {
        captured = await capturedUnits(migration)
        for (const table of await pruneTouched(migration.target, captured.units, migration.guard.target))
          operator.tell(`${table}: too much was touched since it was verified; it has to be verified again`)
        looked = clock.now().getTime()
      }
      const synced = await syncLive({...migration, ...captured})
      const waiting = await noteWaiting(migration)
      operator.following({...synced, ...(waiting ? {waiting} : {})})
      failures = 0
      await clock.sleep(Math.max(synced.equal ? pauseMs : 0, rest * synced.seconds * 1000), signal)
    } catch (error) {
      if (signal.aborted) return
      if (!isPassing(error)) throw (await schemaChangeOf(migration)) ?? error
      operator.tell(`${messageOf(error)}: trying again`)
      await clock.sleep(Math.min(500 * 2 ** failures++, LONGEST_RETRY_MS), signal).catch(() => undefined)
    }
  }
}

/**
 * One sync while the app runs, when nobody else syncs; before it, whatever would act on its rows is taken off the target. Whoever
 * gets his turn when the window has begun comes too late: what the window attaches must stay.
 */
export const syncLive = (
  world: SyncWorld & Pick<Following, 'journal'>,
  meanwhile?: Parameters<typeof sync>[1],
): Promise<Synced> =>
  withSyncLock(world.target, world.signal, async () => {
    if (await inWindow(world))
      throw failed(
        'in_window',
        'the window has begun: nothing follows any more',
        'heroku rds:status shows where it stands',
      )
    await detachConstraints(world.target, world.guard.target)
    return sync(world, meanwhile)
  })

/** One sync of a frozen source: nothing is taken off, because the app may already know the target. */
export const syncFrozen = (world: SyncWorld): Promise<Synced> =>
  withSyncLock(world.target, world.signal, () => sync(world))

/** serialization_failure, deadlock_detected, lock_not_available, query_canceled by a failover; a table that is locked for now. */
const PASSING = new Set(['40001', '40P01', '55P03', '53300', 'table_locked'])

const isPassing = (error: unknown): boolean =>
  isLostConnection(error) || PASSING.has(String((error as {code?: unknown}).code))

/** Says who keeps the copy from being up to date, where somebody does. */
async function noteWaiting({source, target}: Pick<Following, 'source' | 'target'>): Promise<string | undefined> {
  const waiting = await longTransaction(source)
  if (waiting) await target.query(`update ${OWN_SCHEMA}.sync_state set waiting = $1`, [waiting])
  return waiting
}
