/** Bytes that a stream holds beside those that keep the line full, as the buffers of two sockets do. */
const BUFFER = 256 * 1024
const NOTHING = Buffer.alloc(0)

/** One direction of a connection: what comes out of one socket goes over a line into another, byte by byte, its end included. */
export class Stream {
  /** Pieces that wait for the line, with the time of their coming. */
  #backlog = []
  #held = 0
  #limit

  /** Nothing arrives before the time `notBefore`. */
  constructor(from, to, line, notBefore) {
    this.from = from
    this.to = to
    this.line = line
    this.notBefore = notBefore
    this.#limit = line.capacity + BUFFER
    from.on('data', (bytes) => {
      this.#held += bytes.length
      if (this.#held > this.#limit) from.pause()
      this.#send({bytes, since: performance.now(), last: false})
    })
    from.on('end', () => this.#send({bytes: NOTHING, since: performance.now(), last: true}))
    from.resume()
  }

  get hasMore() {
    return this.#backlog.length > 0
  }

  /** What goes next onto the line, of at most so many bytes. */
  take(most) {
    const [first] = this.#backlog
    if (first.bytes.length <= most) return this.#backlog.shift()
    const bytes = first.bytes.subarray(0, most)
    first.bytes = first.bytes.subarray(most)
    return {...first, bytes, last: false}
  }

  arrive({bytes, last}) {
    if (last) this.to.end()
    else this.to.write(bytes, () => this.#written(bytes.length))
  }

  /** What has not left yet never will. */
  cut() {
    this.#backlog = []
    this.line.forget(this)
  }

  #send(piece) {
    this.#backlog.push(piece)
    if (this.#backlog.length === 1) this.line.serve(this)
  }

  #written(bytes) {
    this.#held -= bytes
    if (this.#held <= this.#limit) this.from.resume()
  }
}
