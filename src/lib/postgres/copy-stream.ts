import {Transform, type TransformCallback} from 'node:stream'
import {pipeline} from 'node:stream/promises'

import {failed} from '../ports/errors.js'
import type {Session} from '../ports/ports.js'

export interface Copied {
  rows: number
  bytes: number
}

export interface Streaming {
  signal: AbortSignal
  sent?: (bytes: number) => void
}

/** Runs both halves of a COPY, from one server straight to the other. Fails unless one took what the other sent. */
export async function streamRows(
  {from, out}: {from: Session; out: string},
  {to, into}: {to: Session; into: string},
  table: string,
  {signal, sent = () => undefined}: Streaming,
): Promise<Copied> {
  const reader = from.copyOut(out)
  const writer = to.copyIn(into)
  const meter = new Meter(sent)
  await pipeline(reader, meter, writer, {signal})
  const rows = writer.rowCount ?? 0
  if (reader.rowCount !== rows) {
    throw failed('copy_incomplete', `${table}: the source sent ${reader.rowCount} rows, the target took ${rows}`)
  }
  return {rows, bytes: meter.bytes}
}

/** Passes a stream through and counts it. */
class Meter extends Transform {
  bytes = 0
  readonly #sent: (bytes: number) => void

  constructor(sent: (bytes: number) => void) {
    super()
    this.#sent = sent
  }

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += piece.length
    this.#sent(piece.length)
    done(null, piece)
  }
}
