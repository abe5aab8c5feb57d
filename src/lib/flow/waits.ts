import {AsyncLocalStorage, AsyncResource} from 'node:async_hooks'

import type {Waits} from '../ports/ports.js'

/*
 * A request takes as long as the way there and back, however little it asks: what a piece of work waits for is the number of requests that
 * follow one another. A request that begins has the depth of the deepest one that has ended, and one more; the deepest is the count.
 * Requests side by side are one wait. Looks that a poll repeats are not counted: how many there are is up to what they wait for.
 */

type Place = Exclude<keyof Waits, 'all'>

const nothing = (): Waits => ({databases: 0, heroku: 0, all: 0})

const ofProcess = nothing()
const counting = new AsyncLocalStorage<readonly Waits[]>()
const counts = (): readonly Waits[] => counting.getStore() ?? [ofProcess]

/** What this process has waited for so far. */
export const waitsOfProcess = (): Waits => ({...ofProcess})

/** Counts what `work` waits for, in whatever it calls; `soFar` tells. */
export function counted<T>(work: (soFar: () => Waits) => Promise<T>): Promise<T> {
  const own = nothing()
  return counting.run([...counts(), own], () => work(() => ({...own})))
}

/** Work beside other work: what it waits for follows nothing that the others wait for. */
export async function beside<T>(work: () => Promise<T>): Promise<T> {
  const begun = counts().map((count) => ({count, before: {...count}}))
  const own = nothing()
  try {
    return await counting.run([own], work)
  } finally {
    for (const {count, before} of begun)
      for (const which of Object.keys(own) as (keyof Waits)[])
        count[which] = Math.max(count[which], before[which] + own[which])
  }
}

/** Lets work pass that is not to be counted: another look of a poll. */
export const uncounted = <T>(work: () => Promise<T>): Promise<T> => counting.run([], work)

/** A request begins. Call what is returned when it has ended; `trips`: how often it went there and back. */
export function asks(place: Place): (trips?: number) => void {
  const begun = counts().map((count) => ({count, before: {...count}}))
  return (trips = 1) => {
    for (const {count, before} of begun)
      for (const which of [place, 'all'] as const) count[which] = Math.max(count[which], before[which] + trips)
  }
}

/** For a request that is answered when all before it has been sent; to be called then. */
export const asksLast = (place: Place): (() => void) => AsyncResource.bind(() => asks(place)())

/** A request from beginning to end, well or badly. */
export async function asking<T>(place: Place, ask: () => Promise<T>): Promise<T> {
  const ended = asks(place)
  try {
    return await ask()
  } finally {
    ended()
  }
}
