import {failed} from '../errors.js'
import type {Clock} from '../ports.js'

export interface Wait {
  /** What is awaited, to complete the sentence "… did not happen within n s". */
  what: string
  seconds: number
  everyMs?: number
  suggestion?: string
}

/** Asks until the answer is defined; fails with a reason when the deadline has passed. */
export async function waitFor<T>(
  {clock, signal}: {clock: Clock; signal: AbortSignal},
  {what, seconds, everyMs = 500, suggestion}: Wait,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = clock.now().getTime() + seconds * 1000
  for (;;) {
    signal.throwIfAborted()
    const answer = await ask()
    if (answer !== undefined) return answer
    if (clock.now().getTime() >= deadline) {
      throw failed('deadline', `${what} did not happen within ${seconds} s`, ...(suggestion ? [suggestion] : []))
    }
    await clock.sleep(everyMs, signal)
  }
}
