import {inWindow} from '../../journal/in-window.js'
import {leaveNote, noteOf} from '../../journal/notes.js'
import {awaitOneBeat} from './following.js'
import {lastBeat} from '../../replication/heartbeat.js'
import {publish, withTrialPublication} from '../../replication/publication.js'
import {removeReplication} from '../../replication/remove.js'
import {publishedShape} from '../../replication/shape.js'
import {slotFor} from '../../replication/slot.js'
import {resume, subscribe, subscriptionState, tryToSubscribe} from '../../replication/subscription.js'
import type {Migration} from '../../runbook/migration.js'
import type {Step} from '../../runbook/step.js'
import {serverClock} from '../../postgres/server-clock.js'

export const publishStep: Step = {
  id: 'publish',
  title: 'Publish every table of the source',
  window: 'before',

  async undo(migration) {
    await removeReplication(migration)
    await migration.journal.forget(['replicated'])
  },

  /** Once noted, a table that is not published is a schema change, which the followers refuse. */
  async done(migration) {
    return (await noteOf(migration, 'replicated')) !== undefined
  },

  async run(migration) {
    const {source, target, publisher} = migration
    await withTrialPublication(source, async () => tryToSubscribe(target, await publisher.connection()))
    const tables = await publishAll(migration)
    return `${tables} tables; the target can reach the source and subscribe to it`
  },
}

/** Publishes what is not published yet, and notes what a table was then. */
export async function publishAll(migration: Migration): Promise<number> {
  const {source, guard} = migration
  const tables = await publish(source, migration, guard.source)
  const at = await serverClock(source)
  await leaveNote(migration, 'replicated', {at, shape: await publishedShape(source)})
  return tables
}

export const subscribeStep: Step = {
  id: 'subscribe',
  title: 'Subscribe the target to the source',
  window: 'before',
  // It goes with the publication: a new subscription would be sent again what has been applied.
  undo: 'nothing',

  async done(migration) {
    return (await inWindow(migration)) || (await subscriptionState(migration.target))?.enabled === true
  },

  async run(migration) {
    const {target, publisher, claim, guard} = migration
    const connection = await publisher.connection()
    if (!(await subscriptionState(target))) await subscribe(target, connection, slotFor(claim), guard.target)
    await resume(target, connection, guard.target)
    return `by slot ${slotFor(claim)}; from now on the servers do it by themselves`
  },
}

export const beginReplicating: Step = {
  id: 'begin-following',
  title: 'Apply the changes made during the copy',
  window: 'before',
  undo: 'nothing',

  async done(migration) {
    return (await inWindow(migration)) || Boolean((await lastBeat(migration.target))?.nonce)
  },

  async run(migration) {
    const seconds = await awaitOneBeat(migration)
    return `a change takes ${seconds.toFixed(1)} s to reach the target`
  },
}
