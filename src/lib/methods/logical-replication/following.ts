import {detachConstraints} from '../../copy/detach-constraints.js'
import {removeLargeObjects} from '../../copy/large-objects.js'
import {gettingShorter} from '../../flow/getting-shorter.js'
import type {Pace} from '../../flow/pace.js'
import {inWindow, refuseWindow} from '../../journal/in-window.js'
import {requireNote} from '../../journal/notes.js'
import {shutTarget} from '../shared/copy.js'
import {BUT_DETACHED, refuseOtherObjects} from '../shared/objects.js'
import {clearTheWay, prepareWindow} from '../shared/prepare-window.js'
import {failed} from '../../ports/errors.js'
import {awaitBeat} from '../../replication/arrival.js'
import {watchReplication} from '../../replication/follow.js'
import {beat} from '../../replication/heartbeat.js'
import {assertShape} from '../../replication/shape.js'
import {resume} from '../../replication/subscription.js'
import {refreshDerived} from '../../runbook/derived.js'
import type {Migration} from '../../runbook/migration.js'
import type {Step} from '../../runbook/step.js'

/** Give up when the target has taken nothing for this long, in seconds. */
const PATIENCE_SECONDS = 300

/** Sends a heartbeat and waits until it is on the target: all that was committed before it is there then. Returns how long that took. */
export async function awaitOneBeat(migration: Migration, nth = 1): Promise<number> {
  const {source, operator} = migration
  const {shape} = await requireNote(migration, 'replicated')
  await assertShape(source, shape)
  const {nonce, at} = await beat(source)
  const state = {syncNumber: String(nth), at, entries: 0, rows: 0}
  const seconds = await awaitBeat(migration, nonce, PATIENCE_SECONDS, (waiting, sofar) =>
    operator.following({...state, equal: false, seconds: sofar, waiting}),
  )
  operator.following({...state, equal: true, seconds})
  return seconds
}

/** Sends heartbeats until one is on the target as soon as a window can bear; returns how long it took. */
export async function catchUpWithSource(migration: Migration): Promise<number> {
  const judge = gettingShorter()
  for (let nth = 1; ; nth++) {
    const seconds = await awaitOneBeat(migration, nth)
    const verdict = judge(seconds)
    if (verdict === 'enough') return seconds
    if (verdict === 'hopeless') throw cannotKeepUp(seconds)
  }
}

const cannotKeepUp = (seconds: number) =>
  failed(
    'cannot_keep_up',
    `a change takes ${seconds.toFixed(1)} s to reach the target, and that gets no shorter: changes come faster than one worker applies them`,
    'choose a quieter time, or a larger instance class for the target',
  )

/** Lets the subscription continue, after removing what an undone window has left on the target. */
export async function resumeFollowing(migration: Migration): Promise<void> {
  const {target, publisher, guard} = migration
  await detachConstraints(target, guard.target)
  await shutTarget(migration, {subscribed: true})
  await resume(target, await publisher.connection(), guard.target)
}

/** The servers do the work; this watches them until the signal aborts. */
export async function followReplication(migration: Migration, pace: Pace): Promise<void> {
  await refuseWindow(migration)
  const begin = () => resumeFollowing(migration)
  await watchReplication({...migration, ...(await requireNote(migration, 'replicated')), begin}, pace)
}

export const catchUpReplication: Step = {
  id: 'catch-up',
  title: 'Catch up with the source',
  window: 'before',
  undo: 'nothing',
  done: inWindow,

  async run(migration) {
    await removeLargeObjects(migration.target)
    await resumeFollowing(migration)
    const seconds = await catchUpWithSource(migration)
    await refuseOtherObjects(migration, 'replicated', BUT_DETACHED)
    const views = await refreshDerived(migration)
    await prepareWindow(migration)
    await clearTheWay(migration)
    return `a change takes ${seconds.toFixed(1)} s to reach the target; ${views} materialized views refreshed`
  },
}
