import type {Clock, Database} from '../ports/ports.js'
import {DROP_HEARTBEAT} from './heartbeat.js'
import {dropPublications} from './publication.js'
import {dropSlots} from './slot.js'
import {dropSubscription} from './subscription.js'

/**
 * Takes everything of a replication off the sides that are given, also where only a part of it is left; neither side needs the other. The
 * target comes first, so that nobody reads the slot when it is dropped.
 */
export async function removeReplication({
  source,
  target,
  ...patience
}: {
  source?: Database
  target?: Database
  clock: Clock
  signal: AbortSignal
}): Promise<void> {
  if (target) {
    await dropSubscription(target)
    await target.query(DROP_HEARTBEAT)
  }
  if (source) {
    await dropSlots(source, patience)
    await dropPublications(source)
    await source.query(DROP_HEARTBEAT)
  }
}
