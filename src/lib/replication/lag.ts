import {bytes as size} from '../ports/figures.js'
import type {Database, Lag} from '../ports/ports.js'
import {slotState} from './slot.js'
import {troubleOf} from './arrival.js'
import {subscriptionState} from './subscription.js'

/** How far a subscription is behind. */
export interface ReplicationLag extends Lag {
  /** Of the log of the source, that the target has not said to keep; null where the source has no slot to tell it by. */
  bytes: number | null
}

/** Asks both databases; undefined where nothing is subscribed. */
export async function replicationLag(sides: {source: Database; target: Database}): Promise<ReplicationLag | undefined> {
  const [slot, subscription] = await Promise.all([slotState(sides.source), subscriptionState(sides.target)])
  if (!slot && !subscription) return undefined
  const waiting = await troubleOf(sides)
  const bytes = slot?.behind ?? null
  const words = [bytes === null ? 'not known' : `${size(bytes)} of log to go`, ...(waiting ? [waiting] : [])].join(', ')
  return {words, bytes, ...(waiting ? {waiting} : {})}
}
