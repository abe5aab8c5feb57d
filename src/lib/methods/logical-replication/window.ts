import {copyLargeObjects} from '../../copy/large-objects.js'
import {noteOf, requireNote} from '../../journal/notes.js'
import {resumeFollowing} from './following.js'
import {failed, messageOf} from '../../ports/errors.js'
import {isLostConnection} from '../../postgres/lost-connection.js'
import {awaitBeat} from '../../replication/arrival.js'
import {beat, lastBeat} from '../../replication/heartbeat.js'
import {removeReplication} from '../../replication/remove.js'
import {assertShape} from '../../replication/shape.js'
import {slotState} from '../../replication/slot.js'
import {pause, subscriptionState} from '../../replication/subscription.js'
import {never, type Step} from '../../runbook/step.js'
import {everythingEqual} from '../../runbook/steps/verify.js'

/** Give up when nothing has arrived for this long, in seconds. */
const PATIENCE_SECONDS = 60

/**
 * A heartbeat written after the freeze is the last commit of the source; when it is on the target, so is everything. Then nothing
 * may be applied any more: the fence of the target does not stop the worker of a subscription.
 */
export const drainReplication: Step = {
  id: 'drain-replication',
  title: 'Drain the last changes and stop the subscription',
  window: 'inside',

  /** The copy goes on following. A target that is down keeps the app waiting for nothing: the source keeps its log meanwhile. */
  async undo(migration) {
    const {operator, app} = migration
    try {
      if (await subscriptionState(migration.target)) await resumeFollowing(migration)
      else operator.tell('the target no longer follows the source: heroku rds:start copies again')
    } catch (error) {
      if (!isLostConnection(error)) throw error
      operator.tell(
        `${messageOf(error)}: heroku rds:start -a ${app} lets the copy follow again; do not leave it for long`,
      )
    }
  },

  async done(migration) {
    const [frozen, subscription] = [await noteOf(migration, 'frozen'), await subscriptionState(migration.target)]
    if (!frozen || !subscription || subscription.enabled || subscription.running) return false
    return (await lastBeat(migration.target))?.nonce.startsWith(frozen.at) === true
  },

  async run(migration) {
    const {source, target, guard, signal} = migration
    const {at} = await requireNote(migration, 'frozen')
    await assertShape(source, (await requireNote(migration, 'replicated')).shape)
    const subscription = await subscriptionState(target)
    if (!subscription)
      throw failed('not_subscribed', 'the target no longer subscribes to the source', 'heroku rds:start copies again')
    if (!subscription.enabled) await resumeFollowing(migration)
    const {nonce} = await beat(source, at)
    const seconds = await awaitBeat(migration, nonce, PATIENCE_SECONDS)
    const large = await copyLargeObjects({source, target, guard: guard.target}, signal)
    await pause(target, guard.target, migration)
    const objects = large > 0 ? `; ${large} large objects copied` : ''
    return `the last commit of the source, written after the freeze, arrived after ${seconds.toFixed(1)} s${objects}; nothing is applied any more`
  },
}

/** Rows that the subscription applied are not recorded: every row is compared. */
export const verifyReplicated: Step = {
  id: 'verify',
  title: 'Verify that source and target are equal',
  window: 'inside',
  undo: 'nothing',
  done: never,

  run: (migration) => everythingEqual(migration, {validatedLater: true}),
}

/** From here on the password of the source is in no catalog of the target, and the source keeps no log for it. */
export const endReplication: Step = {
  id: 'end-replication',
  title: 'End the replication',
  window: 'after',
  undo: 'nothing',

  async done({source, target}) {
    return !(await subscriptionState(target)) && !(await slotState(source))
  },

  async run(migration) {
    await removeReplication(migration)
    return 'publication, slot and subscription are gone, and with them the password of the source'
  },
}
