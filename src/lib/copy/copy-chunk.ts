import type {Guard} from '../catalog.js'
import {failed} from '../errors.js'
import {passFence} from '../freeze/fence.js'
import type {Database, Session} from '../ports.js'
import {markChunk, takeChunk} from './chunk-state.js'
import {type Chunk, copyStatements} from './chunks.js'
import {type Copied, streamRows} from './stream.js'
import type {CopyTable} from './tables.js'

/** A run that has seen a chunk marked never looks again: a crash of the server must not take it back, whatever the database's default. */
const LOADING = `set local synchronous_commit = on; set local lock_timeout = '60s'`

export interface ChunkToCopy {
  table: CopyTable
  chunk: Chunk
  /** Of the snapshot that is read. */
  moment: string
  guard: Guard
  /** Opens the fence of the target, where it is up. */
  key?: string | undefined
}

/**
 * Streams one chunk and marks it, in one transaction of the target that only the present operator can commit. Undefined
 * when it was there already.
 */
export function copyChunk(
  from: Session,
  target: Database,
  {table, chunk, moment, guard, key}: ChunkToCopy,
  sent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Copied | undefined> {
  return target.transaction(async (to) => {
    await to.query(LOADING)
    if (key !== undefined) await passFence(to, key)
    if (!(await takeChunk(to, table, chunk))) return undefined
    const {out, into} = copyStatements(table, chunk)
    const copied = await streamRows({from, out}, {to, into}, table.identifier, {sent, signal})
    await refuseMovedRows(from, table)
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
