import {snapshotsCopied} from '../../copy/chunk-state.js'
import {copyRows} from '../../copy/copy-rows.js'
import {readPostData} from '../../copy/copy-schema.js'
import {inWindow} from '../../journal/in-window.js'
import {leaveNote, requireNote} from '../../journal/notes.js'
import {publishAll} from './publish.js'
import {copySchema, isNoted, lineOf, noteCopied} from '../shared/copy.js'
import {failed} from '../../ports/errors.js'
import {longTransaction} from '../../postgres/sessions.js'
import {CREATE_HEARTBEAT, DROP_HEARTBEAT} from '../../replication/heartbeat.js'
import {removeReplication} from '../../replication/remove.js'
import {slotSnapshot} from '../../replication/slot-snapshot.js'
import {slotFor, slotState} from '../../replication/slot.js'
import {subscriptionState} from '../../replication/subscription.js'
import type {Migration} from '../../runbook/migration.js'
import type {Step} from '../../runbook/step.js'

export const copyPublishedRows: Step = {
  id: 'copy-rows',
  title: 'Copy the rows and build the indexes',
  window: 'before',
  // The slot goes with the publication.
  undo: 'nothing',

  async done(migration) {
    if (await inWindow(migration)) return true
    return (await isNoted('replicated', 'rowsCopied')(migration)) && (await isWhole(migration))
  },

  async run(migration) {
    const {target, guard, signal} = migration
    const snapshot = (await isWhole(migration)) ? undefined : await beginCopy(migration)
    try {
      const fencePass = await requireNote(migration, 'fenceKey')
      const line = await lineOf(migration)
      const world = {...migration, ...line, guard: guard.target, fencePass, ...(snapshot ? {snapshot} : {})}
      const {rows, bytes, tables, indexes} = await copyRows(world, await readPostData(migration), signal)
      const {start} = await requireNote(migration, 'replicated')
      const snapshots = await snapshotsCopied(target)
      if (snapshots.some((snapshot) => snapshot !== start))
        throw failed(
          'mixed_snapshots',
          'a table was created on the source during the copy',
          'run the same command again',
        )
      await noteCopied(migration, 'replicated', 'rowsCopied')
      return `${rows.toLocaleString('en')} rows of ${tables} tables, ${(bytes / 1e6).toFixed(1)} MB, ${indexes} indexes; all as they were at ${start} of the log`
    } finally {
      await snapshot?.release()
    }
  },
}

/**
 * Every row is there, of the snapshot at which the slot begins, and no earlier subscription has taken anything from the slot: a new one
 * would be sent some of it twice.
 */
async function isWhole(migration: Migration): Promise<boolean> {
  const {source, target} = migration
  const [replicated, slot] = [await requireNote(migration, 'replicated'), await slotState(source)]
  if (!slot || replicated.start === undefined) return false
  if (slot.confirmed !== replicated.start && !(await subscriptionState(target))) return false
  const snapshots = await snapshotsCopied(target)
  return snapshots.length > 0 && snapshots.every((snapshot) => snapshot === replicated.start)
}

/** Makes the slot, and with it the snapshot to copy. Rows of another snapshot would not fit to what the slot sends: they are dropped. */
async function beginCopy(migration: Migration) {
  const {source, target, claim, guard, operator} = migration
  if ((await slotState(source)) || (await snapshotsCopied(target)).length > 0) {
    operator.tell('the rows on the target belong to a snapshot that no longer exists: starting the copy over')
    await removeReplication(migration)
    await publishAll(migration)
    await copySchema('replicated').run(migration)
  }
  await target.query(`${guard.target}; ${DROP_HEARTBEAT}; ${CREATE_HEARTBEAT}`)
  const snapshot = await tellingWhoIsAwaited(migration, slotSnapshot(migration, slotFor(claim)))
  await leaveNote(migration, 'replicated', {...(await requireNote(migration, 'replicated')), start: snapshot.start})
  return snapshot
}

const TELL_EVERY_MS = 5000

/** A slot begins when every transaction that was open has ended. */
async function tellingWhoIsAwaited<T>({source, clock, operator}: Migration, making: Promise<T>): Promise<T> {
  const done = new AbortController()
  const ended = making.finally(() => done.abort())
  ended.catch(() => undefined)
  while (!done.signal.aborted) {
    await clock.sleep(TELL_EVERY_MS, done.signal).catch(() => undefined)
    const waiting = done.signal.aborted ? undefined : await longTransaction(source).catch(() => undefined)
    if (waiting) operator.tell(waiting)
  }
  return ended
}
