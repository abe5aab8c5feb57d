/** Timers ring up to one and a half milliseconds late: within so many before the time they are not relied upon. */
const TOO_COARSE = 2
/** Longest sleep while something is about to fall due, in milliseconds: what arrives meanwhile is noticed that much later. */
const LONGEST_NAP = 0.2
/** By which the system wakes sleepers too late, in milliseconds. */
const OVERSLEPT = 0.12

const cell = new Int32Array(new SharedArrayBuffer(4))

/**
 * What happens at which time of `performance.now()`, in the order of these times; of equal ones, as they came. It is exact to about a
 * tenth of a millisecond: near the time it sleeps in short naps, and lets the event loop look for arrivals between two of them.
 */
export class Agenda {
  /** A binary heap: no entry comes before the one at half its place, counted from 1. */
  #entries = [undefined]
  #entered = 0
  #timer
  #napping = false
  #running = false

  at(due, act) {
    const entry = {due, nth: this.#entered++, act}
    this.#insert(entry)
    if (!this.#running && this.#entries[1] === entry) this.#wait()
  }

  #run() {
    this.#running = true
    while (this.#entries.length > 1 && this.#entries[1].due <= performance.now()) this.#takeFirst().act()
    this.#running = false
    this.#wait()
  }

  #wait() {
    clearTimeout(this.#timer)
    if (this.#entries.length === 1 || this.#napping) return
    const left = this.#entries[1].due - performance.now()
    if (left > TOO_COARSE) this.#timer = setTimeout(() => this.#run(), Math.floor(left - TOO_COARSE / 2))
    else this.#nap()
  }

  #nap() {
    this.#napping = true
    setImmediate(() => {
      const left = this.#entries[1].due - performance.now() - OVERSLEPT
      if (left > 0) Atomics.wait(cell, 0, 0, Math.min(left, LONGEST_NAP))
      this.#napping = false
      this.#run()
    })
  }

  #insert(entry) {
    const entries = this.#entries
    let at = entries.push(entry) - 1
    for (let above = at >> 1; above > 0 && isBefore(entry, entries[above]); at = above, above >>= 1) {
      entries[at] = entries[above]
    }
    entries[at] = entry
  }

  #takeFirst() {
    const entries = this.#entries
    const [, first] = entries
    const last = entries.pop()
    if (entries.length === 1) return first
    let at = 1
    for (let below = 2; below < entries.length; at = below, below *= 2) {
      if (below + 1 < entries.length && isBefore(entries[below + 1], entries[below])) below++
      if (!isBefore(entries[below], last)) break
      entries[at] = entries[below]
    }
    entries[at] = last
    return first
  }
}

const isBefore = (one, other) => one.due - other.due < 0 || (one.due === other.due && one.nth < other.nth)
