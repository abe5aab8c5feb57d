import type {Socket} from 'node:net'
import {Readable, Writable} from 'node:stream'

import type {Submittable} from 'pg'

/*
 * COPY between two servers. A row travels in the same CopyData message whichever way it goes, so the messages of one
 * server are handed to the other as they are: only their heads are looked at, to know where they end.
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

/** `copy … to stdout` as messages; ends when the server is ready for the next query, its `rowCount` known. */
export class CopyOut extends Readable implements Submittable {
  rowCount?: number
  readonly #sql: string
  #wire?: Wire
  /** How pg reads; undefined when it is reading. */
  #handOver: ((data: Buffer) => void) | undefined
  /** Bytes still to come of the message at hand, and whether they are a row. */
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

  readonly #take = (data: Buffer): void => {
    const chunk = this.#head.length > 0 ? Buffer.concat([this.#head, data]) : data
    this.#head = chunk.subarray(0, 0)
    let at = 0
    let begin = 0
    while (at < chunk.length) {
      if (this.#body === 0) {
        const type = chunk[at]
        if (type === COPY_DONE || type === ERROR) {
          this.#gather(chunk.subarray(begin, at))
          return this.#leave(chunk.subarray(at))
        }
        if (chunk.length - at < HEAD) {
          this.#gather(chunk.subarray(begin, at))
          this.#head = chunk.subarray(at)
          return
        }
        const row = type === COPY_DATA
        if (row !== this.#row) {
          if (this.#row) this.#gather(chunk.subarray(begin, at))
          begin = at
          this.#row = row
        }
        this.#body = chunk.readUInt32BE(at + 1) - 4
        at += HEAD
      }
      const step = Math.min(this.#body, chunk.length - at)
      at += step
      this.#body -= step
    }
    this.#gather(chunk.subarray(begin))
  }

  #gather(bytes: Buffer): void {
    if (!this.#row || bytes.length === 0) return
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

/** `copy … from stdin`, given messages of a `CopyOut`; finishes when the server has taken them, its `rowCount` known. */
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
    if (this.#wire!.stream.write(bytes)) done()
    else this.#wire!.stream.once('drain', done)
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
