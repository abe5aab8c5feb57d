import type {Socket} from 'node:net'
import {Readable, Writable} from 'node:stream'

import type {Submittable} from 'pg'

/*
 * COPY between two servers, for as little work as possible on all three sides. A server sends each row as a message of its
 * own; taking apart as many messages again costs the other server more than many a row, so it is sent few large ones.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */

/** The parts of pg's connection that its queries may use. */
interface Wire {
  readonly stream: Socket
  query(sql: string): void
  sendCopyFail(reason: string): void
}

const COPY_DATA = 0x64
const COPY_DONE = 0x63
const ERROR = 0x45
const HEAD = 5
const GATHER_BYTES = 128 * 1024

const rowsIn = (message: {text?: string}): number => Number(/^COPY (\d+)/.exec(message.text ?? '')?.[1])

/** `copy … to stdout`; ends when the server is ready for the next query, its `rowCount` known. */
export class CopyOut extends Readable implements Submittable {
  rowCount?: number
  readonly #sql: string
  #wire?: Wire
  /** How pg reads; undefined when it is reading. */
  #handOver: ((data: Buffer) => void) | undefined
  /** Bytes still to come of the message at hand, and whether they are of a row. */
  #body = 0
  #row = false
  /** The beginning of a message whose head came in two pieces. */
  #head: Buffer = Buffer.alloc(0)
  #gathered: Buffer[] = []
  #gatheredBytes = 0

  constructor(sql: string) {
    super({highWaterMark: 4 * GATHER_BYTES})
    this.#sql = sql
  }

  submit(connection: unknown): void {
    this.#wire = connection as Wire
    const {stream} = this.#wire
    this.#handOver = stream.listeners('data')[0] as (data: Buffer) => void
    stream.removeListener('data', this.#handOver)
    stream.on('data', this.#take)
    this.#wire.query(this.#sql)
  }

  override _read(): void {
    if (this.#handOver) this.#wire?.stream.resume()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // Nobody will read what the server goes on sending: it learns so from the end of the connection.
    if (this.#handOver) this.#wire?.stream.destroy()
    done(error)
  }

  /** Closes up the bodies of the rows within the piece, which nobody else looks at any more. */
  readonly #take = (data: Buffer): void => {
    const piece = this.#head.length > 0 ? Buffer.concat([this.#head, data]) : data
    this.#head = piece.subarray(0, 0)
    let at = 0
    let kept = 0
    while (at < piece.length) {
      if (this.#body === 0) {
        const type = piece[at]
        if (type === COPY_DONE || type === ERROR) {
          this.#gather(piece.subarray(0, kept))
          return this.#leave(piece.subarray(at))
        }
        if (piece.length - at < HEAD) {
          this.#head = Buffer.from(piece.subarray(at))
          break
        }
        this.#row = type === COPY_DATA
        this.#body = piece.readUInt32BE(at + 1) - 4
        at += HEAD
      }
      const step = Math.min(this.#body, piece.length - at)
      if (this.#row) {
        if (kept !== at) piece.copyWithin(kept, at, at + step)
        kept += step
      }
      at += step
      this.#body -= step
    }
    this.#gather(piece.subarray(0, kept))
  }

  #gather(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#gathered.push(bytes)
    this.#gatheredBytes += bytes.length
    if (this.#gatheredBytes >= GATHER_BYTES && !this.#flush()) this.#wire!.stream.pause()
  }

  #flush(): boolean {
    const bytes = Buffer.concat(this.#gathered, this.#gatheredBytes)
    this.#gathered = []
    this.#gatheredBytes = 0
    return bytes.length === 0 || this.push(bytes)
  }

  /** pg reads on, from the message that ends the rows. */
  #leave(rest: Buffer): void {
    const {stream} = this.#wire!
    const handOver = this.#handOver!
    this.#handOver = undefined
    this.#flush()
    stream.removeListener('data', this.#take)
    stream.on('data', handOver)
    handOver(rest)
    stream.resume()
  }

  handleCommandComplete(message: {text?: string}): void {
    this.rowCount = rowsIn(message)
  }

  handleError(error: Error): void {
    this.destroy(error)
  }

  handleReadyForQuery(): void {
    if (!this.destroyed) this.push(null)
  }
}

/** `copy … from stdin`; finishes when the server has taken everything, its `rowCount` known. */
export class CopyIn extends Writable implements Submittable {
  rowCount?: number
  readonly #sql: string
  #wire?: Wire
  #begin: (() => void) | undefined
  #end: (() => void) | undefined

  constructor(sql: string) {
    super({highWaterMark: 2 * GATHER_BYTES})
    this.#sql = sql
  }

  submit(connection: unknown): void {
    this.#wire = connection as Wire
    this.#wire.query(this.#sql)
  }

  /** The server is ready for rows. */
  override _construct(done: () => void): void {
    this.#begin = done
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const {stream} = this.#wire!
    const head = Buffer.alloc(HEAD)
    head[0] = COPY_DATA
    head.writeUInt32BE(bytes.length + 4, 1)
    stream.cork()
    stream.write(head)
    const more = stream.write(bytes)
    stream.uncork()
    if (more) done()
    else stream.once('drain', done)
  }

  override _final(done: () => void): void {
    this.#end = done
    this.#wire!.stream.write(Buffer.from([COPY_DONE, 0, 0, 0, 4]))
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#end) this.#wire?.sendCopyFail('interrupted')
    done(error)
  }

  handleCopyInResponse(): void {
    this.#begin?.()
    this.#begin = undefined
  }

  handleCommandComplete(message: {text?: string}): void {
    this.rowCount = rowsIn(message)
  }

  handleError(error: Error): void {
    this.#end ??= () => undefined
    this.#begin?.()
    this.destroy(error)
  }

  handleReadyForQuery(): void {
    this.#end?.()
  }
}
