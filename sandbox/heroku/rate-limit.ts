const REFILLS_AN_HOUR = 60
const MS_AN_HOUR = 3_600_000

/**
 * The requests an account may still make. Heroku: a pool of 4500, of which a 60th (75) comes back each minute; at 0 every
 * further request is refused (Platform API reference, "Rate limits"). Another size comes back at the same pace of its own.
 */
export class RateLimit {
  readonly #size: number
  readonly #now: () => number
  #left: number
  #at: number
  #counted = 0

  constructor(size: number, now: () => number = Date.now) {
    this.#size = size
    this.#now = now
    this.#left = size
    this.#at = this.#minute()
  }

  /** Requests that were counted, ever. */
  get counted(): number {
    return this.#counted
  }

  get remaining(): number {
    const now = this.#minute()
    this.#left = Math.min(this.#size, this.#left + (now - this.#at) * (this.#size / REFILLS_AN_HOUR))
    this.#at = now
    return Math.floor(this.#left)
  }

  set remaining(requests: number) {
    this.#at = this.#minute()
    this.#left = requests
  }

  /** Counts a request; false when none is left, and then it is not counted. */
  take(): boolean {
    if (this.remaining < 1) return false
    this.#left -= 1
    this.#counted += 1
    return true
  }

  #minute(): number {
    return (this.#now() / MS_AN_HOUR) * REFILLS_AN_HOUR
  }
}
