import {Transform} from 'node:stream'
import {pipeline} from 'node:stream/promises'

import {type CopyPiece, END_OF_COPY} from '../ports/copy-pieces.js'
import {failed} from '../ports/errors.js'
import type {Session} from '../ports/ports.js'
import type {TableName} from './tables.js'

export interface Copied {
  rows: number
  bytes: number
}

export interface Streaming {
  signal: AbortSignal
  /** Told of bytes as they pass, and of which COPY they are, counted from 0. */
  sent?: (bytes: number, nth: number) => void
}

/** What is done for one table: statements for either side, of which the nth COPY of one feeds the nth of the other. */
export interface Part {
  name: TableName
  out: readonly string[]
  into: readonly string[]
}

/** Rows of each statement of a part, by its place. */
export interface PartCounts {
  out: number[]
  into: number[]
}

/** The part at which a message stopped, and the side that refused it. */
export interface Stop {
  part: Part
  side: 'from' | 'to'
}

/**
 * Performs parts in their order, in one message on either side, from one server straight to the other. Fails unless each COPY of one side
 * took what the other sent. `explain` names what an error came from.
 */
export async function exchange(
  {from, to}: {from: Session; to: Session},
  parts: readonly Part[],
  {signal, sent = () => undefined}: Streaming,
  explain: (error: unknown, stop: Stop) => unknown = (error) => error,
): Promise<PartCounts[]> {
  const reader = from.copyOut(parts.flatMap(({out}) => out).join(';\n'))
  const writer = to.copyIn(parts.flatMap(({into}) => into).join(';\n'))
  let refusedBy: Stop['side'] | undefined
  reader.once('error', () => (refusedBy ??= 'from'))
  writer.once('error', () => (refusedBy ??= 'to'))
  await pipeline(reader, meter(sent), writer, {signal}).catch((error: unknown) => {
    const side = refusedBy ?? 'from'
    const ended = (side === 'from' ? reader : writer).counts.length
    throw explain(error, {part: partAt(parts, side, ended), side})
  })
  const [out, into] = [inRuns(reader.counts), inRuns(writer.counts)]
  return parts.map((part) => {
    const counts = {out: out(part.out.length), into: into(part.into.length)}
    const [read, written] = [copiesOf(part.out, counts.out), copiesOf(part.into, counts.into)]
    if (read.join() === written.join()) return counts
    throw failed(
      'copy_incomplete',
      `${part.name}: the source sent ${read.join(', ')} rows, the target took ${written.join(', ')}`,
    )
  })
}

const isCopy = (sql: string): boolean => sql.startsWith('copy ')

const copiesOf = (statements: readonly string[], counts: readonly number[]): number[] =>
  counts.filter((_, nth) => isCopy(statements[nth]!))

/** The one at whose statements a side was when `ended` of them had ended; the last where all had. */
function partAt(parts: readonly Part[], side: Stop['side'], ended: number): Part {
  let left = ended
  for (const part of parts) {
    left -= (side === 'from' ? part.out : part.into).length
    if (left < 0) return part
  }
  return parts.at(-1)!
}

/** Gives a list away, run by run. */
function inRuns<T>(list: readonly T[]): (size: number) => T[] {
  let taken = 0
  return (size) => list.slice(taken, (taken += size))
}

/** Runs both halves of a COPY, from one server straight to the other. Fails unless one took what the other sent. */
export async function streamRows(
  {from, out}: {from: Session; out: string},
  {to, into}: {to: Session; into: string},
  name: string,
  {signal, sent = () => undefined}: Streaming,
): Promise<Copied> {
  let bytes = 0
  const count = (more: number, nth: number) => {
    bytes += more
    sent(more, nth)
  }
  const [counts] = await exchange({from, to}, [{name, out: [out], into: [into]}], {signal, sent: count})
  return {rows: counts!.into[0]!, bytes}
}

/** Passes a stream through and counts its bytes. */
function meter(sent: NonNullable<Streaming['sent']>): Transform {
  let nth = 0
  return new Transform({
    objectMode: true,
    highWaterMark: 1,
    transform(piece: CopyPiece, _encoding, done) {
      if (piece === END_OF_COPY) nth++
      else sent(piece.length, nth)
      done(null, piece)
    },
  })
}
