import {Transform, type TransformCallback} from 'node:stream'
import {pipeline} from 'node:stream/promises'

import type {Guard} from '../catalog.js'
import {failed} from '../errors.js'
import type {Database, Session} from '../ports.js'
import {markChunk, takeChunk} from './chunk-state.js'
import {type Chunk, copyStatements} from './chunks.js'
import type {CopyTable} from './tables.js'

/** For the transactions of the copy alone. A copy that is not there after a crash is not marked either. */
const LOADING = `set local synchronous_commit = off; set local lock_timeout = '60s'`

export interface Copied {
  rows: number
  bytes: number
}

export interface ChunkToCopy {
  table: CopyTable
  chunk: Chunk
  /** Of the snapshot that is read. */
  moment: string
  guard: Guard
}

/**
 * Streams one chunk and marks it, in one transaction of the target that only the present operator can commit. Undefined
 * when it was there already.
 */
export function copyChunk(
  from: Session,
  target: Database,
  {table, chunk, moment, guard}: ChunkToCopy,
  sent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Copied | undefined> {
  return target.transaction(async (to) => {
    await to.query(LOADING)
    if (!(await takeChunk(to, table, chunk))) return undefined
    const {out, into} = copyStatements(table, chunk)
    const reader = from.copyOut(out)
    const writer = to.copyIn(into)
    const meter = new Meter(sent)
    await pipeline(reader, meter, writer, {signal})
    const rows = writer.rowCount ?? 0
    if (reader.rowCount !== rows) {
      throw failed(
        'copy_incomplete',
        `${table.identifier}: the source sent ${reader.rowCount} rows, the target took ${rows}`,
      )
    }
    await refuseMovedRows(from, table)
    const copied = {rows, bytes: meter.bytes}
    await markChunk(to, table, chunk, {...copied, moment})
    await to.query(guard)
    return copied
  })
}

/** Whoever reads a table keeps others from moving its rows; pages that were laid out before that may mean other rows now. */
async function refuseMovedRows(from: Session, {identifier, filenode}: CopyTable): Promise<void> {
  const [now] = await from.query<{filenode: string}>(`select pg_relation_filenode($1::regclass)::text as filenode`, [
    identifier,
  ])
  if (now!.filenode !== filenode) {
    throw failed(
      'table_rewritten',
      `${identifier} was rewritten on the source while it was copied, as VACUUM FULL and CLUSTER do`,
      'run the same command again: it copies this table anew',
    )
  }
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
