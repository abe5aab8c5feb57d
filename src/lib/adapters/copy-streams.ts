import type {Socket} from 'node:net'
import {Readable, Writable} from 'node:stream'

import type {Submittable} from 'pg'

import {type CopyPiece, END_OF_COPY} from '../ports/copy-pieces.js'

/*
 * COPY between two servers, for as little work as possible on all three sides. A server sends each row as a message of its
 * own; taking apart as many messages again costs the other server more than many a row, so it is sent few large ones.
 *
 * Several statements go in one message, and rows follow it without waiting to be asked for: a server that has failed drops what
 * still arrives, up to the next message. So any number of COPYs costs what one costs in waiting.
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
const COMMAND_COMPLETE = 0x43
const ERROR = 0x45
const READY = 0x5a
const HEAD = 5
const GATHER_BYTES = 128 * 1024
/** Pieces in flight between the two servers, of 128 KB and more each. */
const PIECES = 8

/** `COPY 5`, `DELETE 5`, `INSERT 0 5`: the last figure; 0 for a statement that counts nothing. */
const rowsIn = (tag: string): number => Number(/ (\d+)$/.exec(tag)?.[1] ?? 0)

/** The rows of each statement that has ended, but for the first ones of the message. */
class Counts {
  readonly counts: number[] = []
  #ahead: number

  constructor(ahead: number) {
    this.#ahead = ahead
  }

  ended(tag: string): void {
    if (this.#ahead === 0) this.counts.push(rowsIn(tag))
    else this.#ahead--
  }
}

/** Statements, `copy … to stdout` among them; ends when the server is ready for the next message. `ahead`: others that go first, uncounted. */
export class CopyOut extends Readable implements Submittable {
  readonly #statements: Counts
  readonly #sql: string
  #wire?: Wire
  /** How pg reads; undefined when it is reading. */
  #handOver: ((data: Buffer) => void) | undefined
  /** The type of the message at hand, and how many bytes of it are still to come. */
  #type = 0
  #body = 0
  /** The beginning of a message that came in pieces, where it has to be read whole. */
  #head: Buffer = Buffer.alloc(0)
  #gathered: Buffer[] = []
  #gatheredBytes = 0

  constructor(sql: string, ahead: readonly string[] = []) {
    super({objectMode: true, highWaterMark: PIECES})
    this.#statements = new Counts(ahead.length)
    this.#sql = [...ahead, sql].join('; ')
  }

  get counts(): readonly number[] {
    return this.#statements.counts
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
    let [at, kept, from] = [0, 0, 0]
    /** What lies between `from` and `kept` are rows; the next ones will lie from `next` on. */
    const gather = (next: number) => {
      this.#gather(piece.subarray(from, kept))
      ;[from, kept] = [next, next]
    }
    while (at < piece.length) {
      if (this.#body === 0) {
        if (piece.length - at < HEAD) break
        const [type, body] = [piece[at]!, piece.readUInt32BE(at + 1) - 4]
        if (type === ERROR || type === READY) {
          gather(at)
          return this.#leave(piece.subarray(at))
        }
        if (type === COMMAND_COMPLETE && piece.length - at < HEAD + body) break
        at += HEAD
        if (type === COMMAND_COMPLETE) this.#statements.ended(piece.toString('utf8', at, at + body - 1))
        if (type === COPY_DONE) {
          gather(at)
          this.#endCopy()
        }
        this.#type = type
        this.#body = body
      }
      const step = Math.min(this.#body, piece.length - at)
      if (this.#type === COPY_DATA) {
        if (kept !== at) piece.copyWithin(kept, at, at + step)
        kept += step
      }
      at += step
      this.#body -= step
    }
    this.#head = Buffer.from(piece.subarray(at))
    gather(at)
  }

  #gather(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#gathered.push(bytes)
    this.#gatheredBytes += bytes.length
    if (this.#gatheredBytes >= GATHER_BYTES) this.#pass(this.#flush())
  }

  #endCopy(): void {
    this.#flush()
    this.#pass(this.push(END_OF_COPY satisfies CopyPiece))
  }

  #pass(more: boolean): void {
    if (!more) this.#wire!.stream.pause()
  }

  #flush(): boolean {
    const bytes = Buffer.concat(this.#gathered, this.#gatheredBytes)
    this.#gathered = []
    this.#gatheredBytes = 0
    return bytes.length === 0 || this.push(bytes satisfies CopyPiece)
  }

  /** pg reads on, from the message that is its own to read. */
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

  handleError(error: Error): void {
    this.destroy(error)
  }

  handleReadyForQuery(): void {
    if (!this.destroyed) this.push(null)
  }
}

/** Statements, `copy … from stdin` among them; finishes when the server has done them all. */
export class CopyIn extends Writable implements Submittable {
  readonly #statements: Counts
  readonly #sql: string
  #wire?: Wire
  #end: (() => void) | undefined
  /** The server takes nothing more. */
  #over = false

  constructor(sql: string, ahead: readonly string[] = []) {
    super({objectMode: true, highWaterMark: PIECES})
    this.#statements = new Counts(ahead.length)
    this.#sql = [...ahead, sql].join('; ')
  }

  get counts(): readonly number[] {
    return this.#statements.counts
  }

  submit(connection: unknown): void {
    this.#wire = connection as Wire
    this.#wire.query(this.#sql)
  }

  override _write(piece: CopyPiece, _encoding: BufferEncoding, done: () => void): void {
    const {stream} = this.#wire!
    const bytes = piece === END_OF_COPY ? undefined : piece
    const head = Buffer.alloc(HEAD)
    head[0] = bytes ? COPY_DATA : COPY_DONE
    head.writeUInt32BE((bytes?.length ?? 0) + 4, 1)
    stream.cork()
    let more = stream.write(head)
    if (bytes) more = stream.write(bytes)
    stream.uncork()
    if (more) done()
    else stream.once('drain', done)
  }

  override _final(done: () => void): void {
    if (this.#over) done()
    else this.#end = done
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // In whatever COPY it is by then, or will be next, the server gives up with this.
    if (!this.#over) this.#wire?.sendCopyFail('interrupted')
    done(error)
  }

  // What the rows that are on their way do not wait for, and what nobody asked for.
  handleCopyInResponse(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}

  handleCommandComplete({text = ''}: {text?: string}): void {
    this.#statements.ended(text)
  }

  handleError(error: Error): void {
    this.#over = true
    this.destroy(error)
  }

  handleReadyForQuery(): void {
    this.#over = true
    this.#end?.()
  }
}
