import {Duplex} from 'node:stream'

/** As far as it is used of ssh2's `ClientChannel`: `end` and `close` come once all that was received has been read. */
type Channel = Duplex & {close?(): void}

/**
 * What `pg` takes for a TCP socket: it connects when it is told to, through a channel of a connection that is there already. A channel
 * that ends ends it as a peer does that hangs up.
 */
export class TunnelledSocket extends Duplex {
  readonly #open: (host: string, port: number) => Promise<Channel>
  #channel?: Channel

  constructor(open: (host: string, port: number) => Promise<Channel>) {
    super({allowHalfOpen: false})
    this.#open = open
  }

  connect(port: number, host: string): this {
    this.#open(host, port).then(
      (channel) => this.#connected(channel),
      (error: Error) => this.destroy(error),
    )
    return this
  }

  /** The connection that carries the channel does both for all of them. */
  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  override _read(): void {
    this.#channel?.resume()
  }

  /** A channel that is gone never calls back; this stream is destroyed by then. */
  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#whenConnected((channel) => channel.write(bytes, done))
  }

  override _final(done: () => void): void {
    this.#whenConnected((channel) => {
      channel.end()
      done()
    })
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#channel?.destroy()
    done(error)
  }

  #whenConnected(work: (channel: Channel) => void): void {
    if (this.#channel) work(this.#channel)
    else this.once('connect', () => work(this.#channel!))
  }

  #connected(channel: Channel): void {
    if (this.destroyed) return void channel.destroy()
    this.#channel = channel
    channel.on('data', (data: Buffer) => {
      if (!this.push(data)) channel.pause()
    })
    channel.on('end', () => this.push(null))
    channel.on('error', (error) => this.destroy(error))
    channel.on('close', () => {
      if (this.readableEnded) this.destroy()
      else this.once('end', () => this.destroy())
    })
    this.emit('connect')
  }
}
