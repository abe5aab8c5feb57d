const LIMIT = 4500
const REFILL_PER_MS = 75 / 60_000

/** The token bucket behind RateLimit-Remaining: 4500 calls an hour, 75 back each minute. It never refuses. */
export class RateLimit {
  #remaining = LIMIT
  #at = Date.now()

  get remaining(): number {
    const now = Date.now()
    this.#remaining = Math.min(LIMIT, this.#remaining + (now - this.#at) * REFILL_PER_MS)
    this.#at = now
    return Math.floor(this.#remaining)
  }

  /** Counts a call, except the one that asks for the limit; returns what is left. */
  take(path: string): number {
    if (path !== '/account/rate-limits') this.#remaining = Math.max(0, this.#remaining - 1)
    return this.remaining
  }
}
