import type {Clock} from '../ports/ports.js'

/** Pauses between attempts, in milliseconds: the first, which doubles with every failure in a row, and the longest. */
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 5000

export interface Persistence {
  clock: Clock
  signal: AbortSignal
  /** Whether the work can go well another time; `failingMs`: how long it has been failing without advancing. */
  passes: (error: unknown, failingMs: number) => boolean
  /** Told of each failure that passes, before the pause. */
  tell: (error: unknown) => void
}

/**
 * Does the work until it ends well. A failure that passes is tried again after a pause; the pauses grow until the work says that it has
 * advanced. Throws the first failure that does not pass, and any once the signal is aborted.
 */
export async function persist<T>(
  {clock, signal, passes, tell}: Persistence,
  work: (advanced: () => void) => Promise<T>,
): Promise<T> {
  let [failures, since] = [0, 0]
  for (;;) {
    try {
      signal.throwIfAborted()
      return await work(() => {
        failures = 0
      })
    } catch (error) {
      const now = clock.now().getTime()
      if (failures === 0) since = now
      if (signal.aborted || !passes(error, now - since)) throw error
      tell(error)
      await clock.sleep(Math.min(FIRST_PAUSE_MS * 2 ** failures++, LONGEST_PAUSE_MS), signal)
    }
  }
}
