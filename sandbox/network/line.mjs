/** Bytes of a TCP stream that a packet of Ethernet holds: fewer are not worth a turn. */
const SEGMENT = 1448
const BYTES_PER_MBIT_MS = 125
/** What a line without a limit is taken for where a number is needed. */
const FAST_MBIT = 1000
/** For which a line must not run dry while this thread, or who sends, has to wait for a processor. */
const SLACK_MS = 50

/**
 * One direction of the line between two places. It carries so many megabits a second, whoever sends them: streams that have something to
 * send take turns, in slices of a millisecond. What has left arrives after the delay.
 */
export class Line {
  #agenda
  #bytesPerMs
  #slice
  /** When all that was put on it so far has left. */
  #free = 0
  #senders = []
  #busy = false

  constructor(agenda, {delayMs, mbitPerSecond = Infinity}) {
    this.#agenda = agenda
    this.#bytesPerMs = mbitPerSecond * BYTES_PER_MBIT_MS
    this.#slice = Math.max(Math.round(this.#bytesPerMs), SEGMENT)
    this.delayMs = delayMs
    /** Bytes under way when the line is full, and to keep it so. */
    this.capacity = Math.ceil(Math.min(mbitPerSecond, FAST_MBIT) * BYTES_PER_MBIT_MS * (delayMs + SLACK_MS))
  }

  /** Takes from a stream, turn by turn, until it has nothing to send. */
  serve(stream) {
    this.#senders.push(stream)
    if (!this.#busy) this.#send()
  }

  forget(stream) {
    this.#senders = this.#senders.filter((one) => one !== stream)
  }

  #send = () => {
    this.#busy = false
    while (this.#senders.length > 0) {
      if (this.#free > performance.now()) {
        this.#busy = true
        return this.#agenda.at(this.#free, this.#send)
      }
      const stream = this.#senders.shift()
      const slice = stream.take(this.#slice)
      this.#free = Math.max(this.#free, slice.since) + slice.bytes.length / this.#bytesPerMs
      const arrival = this.#free + this.delayMs
      this.#agenda.at(Math.max(arrival, stream.notBefore), () => stream.arrive(slice))
      if (stream.hasMore) this.#senders.push(stream)
    }
  }
}
