import {bytes as size} from '../ports/figures.js'
import type {Lag} from '../ports/ports.js'
import type {AskedOfBoth} from '../postgres/answers.js'
import {SLOT, type SlotState} from './slot.js'
import {troubleWith} from './arrival.js'
import {SUBSCRIPTION_STATE, type SubscriptionState} from './subscription.js'

/** How far a subscription is behind. */
export interface ReplicationLag extends Lag {
  /** Of the log of the source, that the target has not said to keep; null where the source has no slot to tell it by. */
  bytes: number | null
}

/** Nothing is known where nothing is subscribed. */
export const REPLICATION_LAG: AskedOfBoth<SlotState, SubscriptionState, ReplicationLag> = {
  from: SLOT,
  to: SUBSCRIPTION_STATE,
  told(slot, subscription) {
    if (!slot && !subscription) return undefined
    const waiting = troubleWith(subscription, slot)
    const bytes = slot?.behind ?? null
    const words = [bytes === null ? 'not known' : `${size(bytes)} of log to go`, ...(waiting ? [waiting] : [])].join(
      ', ',
    )
    return {words, bytes, ...(waiting ? {waiting} : {})}
  },
}
