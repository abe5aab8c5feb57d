import {syncLive} from './follow.js'
import type {Synced} from './sync.js'
import {gettingShorter} from '../flow/getting-shorter.js'
import {failed} from '../ports/errors.js'
import {bytes, seconds as duration} from '../ports/figures.js'
import type {Operator} from '../ports/ports.js'
import {roundTrip} from '../postgres/round-trip.js'

type Following = Parameters<typeof syncLive>[0] & {operator: Operator}

/**
 * Syncs until one takes less than a second, or as short as it gets: each brings what has been written since the snapshot of the one before.
 * Returns how many there were, and the changes they brought. Fails where they do not get as short as a window can bear.
 */
export async function catchUp(world: Following): Promise<{syncs: number; entries: number}> {
  const judge = gettingShorter()
  let [begun, entries] = [0, 0]
  for (let syncs = 1; ; syncs++) {
    const before = begun
    begun = world.clock.now().getTime()
    const synced = await syncLive(world)
    world.operator.following({...synced, equal: true})
    entries += synced.entries
    const verdict = judge(synced.seconds)
    if (verdict === 'enough') return {syncs, entries}
    if (verdict === 'hopeless') throw await cannotKeepUp(world, synced, (begun - before) / 1000)
  }
}

/** `between`: seconds in which the changes of the last sync have come. */
async function cannotKeepUp({from, to, clock}: Following, last: Synced, between: number): Promise<Error> {
  const rate = (seconds: number) => `${Math.round(last.entries / seconds).toLocaleString('en')} a second`
  const [there, here] = [await roundTrip(from, clock), await roundTrip(to, clock)].map((trip) =>
    Math.round(trip * 1000),
  )
  return failed(
    'cannot_keep_up',
    `the last sync took ${duration(last.seconds)}, and none gets shorter: ${rate(between)} come, ${rate(last.seconds)} are applied ` +
      `(${last.entries.toLocaleString('en')} changes of ${last.tables} tables, ${bytes(last.bytes)}; ` +
      `round trips of ${there} ms to the ${from.side}, ${here} ms to the ${to.side})`,
    'run the command nearer to the databases, where the line is what is slow',
    'choose a quieter time, or a larger instance class for the target',
  )
}
