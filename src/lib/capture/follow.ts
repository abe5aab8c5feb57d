import {type CapturedSchema, capturedTables, schemaChangeOf} from './captured.js'
import {afterLastSync, withSyncLock} from './sync-lock.js'
import {sync, type Synced, type SyncWorld} from './sync.js'
import {pruneTouched} from './touched.js'
import {attachedObjects, detachConstraints} from '../copy/detach-constraints.js'
import {allEnded} from '../flow/all-ended.js'
import type {Pace} from '../flow/pace.js'
import {persist} from '../flow/persist.js'
import {counted} from '../flow/waits.js'
import {refuseWindow} from '../journal/in-window.js'
import {messageOf} from '../ports/errors.js'
import type {Operator, Waits} from '../ports/ports.js'
import {isLostConnection} from '../postgres/lost-connection.js'
import {longTransaction} from '../postgres/sessions.js'
import {codeOf, DEADLOCK_DETECTED, LOCK_NOT_AVAILABLE, SERIALIZATION_FAILURE} from '../postgres/sqlstate.js'

/** Tables may come and go without any capture noticing. */
const LOOK_AT_TABLES_MS = 5000

export interface Following extends Omit<SyncWorld, 'fencePass' | 'shape' | 'tables'> {
  app: string
  operator: Operator
  journal: Parameters<typeof capturedTables>[0]['journal']
}

/** Syncs again and again until the signal aborts. Connections that break are made again, for as long as it takes. */
export async function follow(migration: Following, {pauseMs, rest}: Pace): Promise<void> {
  const {from, clock, signal, operator} = migration
  const captured = lookingAtTables(migration)
  const once = async () => {
    const synced = await syncLive({...migration, ...(await captured())})
    const waiting = await longTransaction(from)
    operator.following({...synced, equal: true, ...(waiting ? {waiting} : {})})
    return Math.max(pauseMs, rest * synced.seconds * 1000)
  }
  const persistence = {
    clock,
    signal,
    passes: isPassing,
    tell: (error: unknown) => operator.tell(`${messageOf(error)}: trying again`),
  }
  try {
    await persist(persistence, async (advanced) => {
      for (;;) {
        const pause = await once()
        advanced()
        await clock.sleep(pause, signal)
      }
    })
  } catch (error) {
    if (!signal.aborted) throw (await schemaChangeOf(migration)) ?? error
  }
}

/** What is captured, looked at now and then; records that have grown out of proportion are let go of then. */
function lookingAtTables(migration: Following): () => Promise<CapturedSchema> {
  const {clock, operator, to, guard} = migration
  let [known, looked]: [CapturedSchema | undefined, number] = [undefined, 0]
  return async () => {
    const now = clock.now().getTime()
    if (known && now - looked <= LOOK_AT_TABLES_MS) return known
    const captured = await capturedTables(migration)
    for (const table of known ? await pruneTouched(to, captured.tables, guard.to) : [])
      operator.tell(`${table}: too many rows were touched since it was verified; it has to be verified again`)
    ;[known, looked] = [captured, now]
    return captured
  }
}

/**
 * One sync while the app runs, one at a time; before it, everything that would act on its rows is taken off the `to` side. A process whose
 * turn comes after the window has begun is refused: what the window attaches must stay.
 */
export const syncLive = (
  world: SyncWorld & Pick<Following, 'app' | 'journal'>,
  meanwhile?: Parameters<typeof sync>[1],
): Promise<Counted> =>
  countedSync(() =>
    withSyncLock(world.to, world.signal, async () => {
      await refuseWindow(world)
      await detachConstraints(world.to, world.guard.to)
      return sync(world, meanwhile)
    }),
  )

/**
 * One sync of a frozen source, in the window, in which no other can begin: the last one is waited for. Nothing is taken off, because the app
 * may already know the target; where a window that goes on has attached what acts on rows, all of them have to be there already.
 */
export const syncFrozen = (world: Omit<SyncWorld, keyof CapturedSchema> & Following): Promise<Counted> =>
  countedSync(async () => {
    const [captured, attached] = await allEnded([
      capturedTables(world),
      attachedObjects(world.to),
      afterLastSync(world.to, world.signal),
    ])
    return sync({...world, ...captured, attached})
  })

type Counted = Synced & {waits: Waits}

const countedSync = (syncing: () => Promise<Synced>): Promise<Counted> =>
  counted(async (waits) => ({...(await syncing()), waits: waits()}))

/** What others do with the database at the moment; `table_locked` is the sync's own word for it. */
const PASSING = new Set([SERIALIZATION_FAILURE, DEADLOCK_DETECTED, LOCK_NOT_AVAILABLE, 'table_locked'])

const isPassing = (error: unknown): boolean => isLostConnection(error) || PASSING.has(codeOf(error))
