import {allEnded} from '../flow/all-ended.js'
import {failed} from '../ports/errors.js'
import type {Clock, Database} from '../ports/ports.js'
import {lastBeat} from './heartbeat.js'
import {slotLost, slotState, type SlotState} from './slot.js'
import {subscriptionState, type SubscriptionState} from './subscription.js'

export interface Replicating {
  source: Database
  target: Database
  clock: Clock
  signal: AbortSignal
}

const LOOK_EVERY_MS = 50
const TELL_EVERY_MS = 1000

/**
 * Waits until a heartbeat is on the target: all that was committed before it is there then. Gives up when the target has not taken
 * anything for `patience` seconds; a long backlog may take as long as it moves. Returns the seconds it took; once a second `looked` is
 * told, in words, what is waited for.
 */
export async function awaitBeat(
  {source, target, clock, signal}: Replicating,
  nonce: string,
  patience: number,
  looked?: (waiting: string, seconds: number) => void,
): Promise<number> {
  const begun = clock.now().getTime()
  let [moved, told, confirmed] = [begun, begun, '']
  for (;;) {
    signal.throwIfAborted()
    const now = clock.now().getTime()
    if ((await lastBeat(target))?.nonce === nonce) return (now - begun) / 1000
    const slot = await slotState(source)
    if (!slot) throw slotLost()
    if (slot.confirmed !== confirmed) [moved, confirmed] = [now, slot.confirmed]
    if (looked && now - told > TELL_EVERY_MS) {
      const trouble = await troubleOf({source, target})
      looked(trouble ?? `${(slot.behind / 1e6).toFixed(1)} MB of log to go`, (now - begun) / 1000)
      told = now
    }
    if (now - moved > patience * 1000) {
      throw failed(
        'not_arriving',
        `the target has received nothing from the source for ${patience} s: ${(await troubleOf({source, target})) ?? 'its worker is busy, or waits for a lock'}`,
        "see the target's server log; run the same command to continue",
      )
    }
    await clock.sleep(LOOK_EVERY_MS, signal)
  }
}

/** Why nothing may be arriving, in words. */
export async function troubleOf({source, target}: Pick<Replicating, 'source' | 'target'>): Promise<string | undefined> {
  const [subscription, slot] = await allEnded([subscriptionState(target), slotState(source)])
  return troubleWith(subscription, slot)
}

/** The same of what is known. A worker that meets an error stops and is started again every few seconds. */
export function troubleWith(
  subscription: SubscriptionState | undefined,
  slot: SlotState | undefined,
): string | undefined {
  if (!slot) return 'the replication slot on the source is gone'
  if (!subscription) return 'the target no longer subscribes to the source'
  if (!subscription.enabled) return 'the subscription on the target is switched off'
  if (slot.active && subscription.running) return undefined
  if (subscription.crowdedOut) {
    return 'every logical replication worker of the target is in use: raise max_logical_replication_workers in its parameter group'
  }
  return subscription.errors > 0
    ? `the apply worker of the target has stopped with an error ${subscription.errors} times: see the target's server log`
    : "the target has no connection to the source: see the target's server log"
}
