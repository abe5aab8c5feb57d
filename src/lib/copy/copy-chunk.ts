import type {Guard} from '../postgres/catalog.js'
import {failed, RdsError} from '../ports/errors.js'
import type {SearchPath} from '../postgres/app-search-path.js'
import {passFence} from '../fence/fence.js'
import type {Database, Session} from '../ports/ports.js'
import {markChunk, takeChunk} from './chunk-state.js'
import {type Chunk, copyStatements} from './chunks.js'
import {streamRows} from '../postgres/copy-stream.js'
import {refusing} from '../postgres/refusal.js'
import type {CopyTable} from './tables.js'

/** A run that has seen a chunk marked never looks again: a crash of the server must not take it back, even where the database's default would. */
const LOADING = `set local synchronous_commit = on; set local lock_timeout = '60s'`

export interface ChunkToCopy {
  table: CopyTable
  chunk: Chunk
  /** Of the snapshot that is read. */
  snapshot: string
  guard: Guard
  /** Opens the fence of the target, where it is up. */
  fencePass?: string | undefined
  /** For what the app computes as rows arrive. */
  path: SearchPath
}

/**
 * Streams one chunk and marks it, in one transaction of the target that only the present operator can commit. Returns the moment
 * of its rows: an earlier one, when it was there already.
 */
export function copyChunk(
  from: Session,
  target: Database,
  {table, chunk, snapshot, guard, fencePass, path}: ChunkToCopy,
  sent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<string> {
  return target.transaction(
    async (to) => {
      await to.query(LOADING)
      if (fencePass !== undefined) await passFence(to, fencePass)
      const there = await takeChunk(to, table, chunk)
      if (there !== null) return there
      const {out, into} = copyStatements(table, chunk)
      const copied = await streamRows({from, out}, {to, into}, table.name, {sent, signal}).catch(
        refusing(`the rows of ${table.name} could not be copied`),
      )
      await refuseMovedRows(from, table)
      await markChunk(to, table, chunk, {...copied, snapshot})
      await to.query(guard)
      return snapshot
    },
    {path},
  )
}

/**
 * A session that reads a table keeps others from moving its rows. Pages that were laid out before that may mean other rows now, and what
 * a TRUNCATE or an ALTER TABLE has left looks empty to an older snapshot.
 */
async function refuseMovedRows(from: Session, {name, filenode}: CopyTable): Promise<void> {
  const now = await from.queryOne<{filenode: string}>(`select pg_relation_filenode($1::regclass)::text as filenode`, [
    name,
  ])
  if (now.filenode !== filenode) {
    throw failed(
      REWRITTEN,
      `${name} was rewritten on the source while it was copied, as TRUNCATE, VACUUM FULL and CLUSTER do`,
      'run the same command again: it copies again what it has to',
    )
  }
}

const REWRITTEN = 'table_rewritten'

export const isRewritten = (error: unknown): error is RdsError => error instanceof RdsError && error.code === REWRITTEN
