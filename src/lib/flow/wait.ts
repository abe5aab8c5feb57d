import {failed} from '../ports/errors.js'
import {uncounted} from './waits.js'
import type {Clock} from '../ports/ports.js'

export interface Wait {
  /** What is awaited, to complete the sentence "waited n s in vain for …". */
  what: string
  seconds: number
  /** The first pause between two looks, and the longest. */
  pauses?: Pauses
  suggestion?: string
}

/** Many a thing takes a moment only: pauses begin short and grow, so that no wait is much longer than what it waits for. */
export interface Pauses {
  firstMs: number
  longestMs: number
}

const USUAL: Pauses = {firstMs: 25, longestMs: 500}
const GROWTH = 1.25

/** Asks until the answer is defined; fails with a reason when the deadline has passed. */
export async function waitFor<T>(
  {clock, signal}: {clock: Clock; signal: AbortSignal},
  {what, seconds, pauses = USUAL, suggestion}: Wait,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = clock.now().getTime() + seconds * 1000
  for (let look = ask, pauseMs = pauses.firstMs; ; look = () => uncounted(ask), pauseMs *= GROWTH) {
    signal.throwIfAborted()
    const answer = await look()
    if (answer !== undefined) return answer
    if (clock.now().getTime() >= deadline) {
      throw failed('deadline', `waited ${seconds} s in vain for ${what}`, ...(suggestion ? [suggestion] : []))
    }
    await clock.sleep(Math.min(pauseMs, pauses.longestMs), signal)
  }
}
