import {type Guard, literal} from '../postgres/catalog.js'
import type {Database, Queryable, Session} from '../ports/ports.js'

/** Bytes of one read, and objects at a time: together about 16 MB. */
const PIECE_BYTES = 256 * 1024
const AT_ONCE = 64
/** Of one read of what is left of an object, of which each waits for the one before. */
const REST_BYTES = 4 * 1024 ** 2

interface Piece {
  oid: string
  /** As the server writes bytea, in hex. */
  data: string
  /** The object may go on behind it. */
  full: boolean
}

interface LargeObject extends Piece {
  comment: string | null
}

/**
 * Copies large objects, which keep their OID: columns of the app's point to it. Each batch is one transaction of the target,
 * in the order of the OIDs, so an interrupted copy goes on behind the last one that is there. The source must be frozen: no
 * trigger and no snapshot of a table tells of changes.
 */
export async function copyLargeObjects(
  {source, target, guard}: {source: Database; target: Database; guard: Guard},
  signal: AbortSignal,
): Promise<number> {
  let [last, copied] = [await newest(target), 0]
  for (;;) {
    signal.throwIfAborted()
    const pieces = await source.query<LargeObject>(
      `select oid::text as oid, lo_get(oid, 0, ${PIECE_BYTES})::text as data,
         length(lo_get(oid, 0, ${PIECE_BYTES})) = ${PIECE_BYTES} as full,
         obj_description(oid, 'pg_largeobject') as comment
       from (select oid from pg_largeobject_metadata where oid > $1 order by oid limit ${AT_ONCE}) l order by l.oid`,
      [last],
    )
    if (pieces.length === 0) return copied
    await target.transaction(async (to) => {
      await to.query(`select lo_from_bytea(oid, data::bytea) from unnest($1::oid[], $2::text[]) as l (oid, data)`, [
        pieces.map(({oid}) => oid),
        pieces.map(({data}) => data),
      ])
      for (const {oid, full, comment} of pieces) {
        if (full) await copyRest(source, to, oid)
        if (comment !== null) to.lastly(`comment on large object ${oid} is ${literal(comment)}`)
      }
      to.lastly(guard)
    })
    last = pieces.at(-1)!.oid
    copied += pieces.length
  }
}

async function copyRest(source: Queryable, to: Session, oid: string): Promise<void> {
  for (let at = PIECE_BYTES, full = true; full; at += REST_BYTES) {
    const piece = await source.queryOne<Omit<Piece, 'oid'>>(
      `select data::text as data, length(data) = ${REST_BYTES} as full
       from lo_get($1::oid, $2::bigint, ${REST_BYTES}) as data`,
      [oid, at],
    )
    await to.query('select lo_put($1::oid, $2::bigint, $3::text::bytea)', [oid, at, piece.data])
    full = piece.full
  }
}

async function newest(target: Queryable): Promise<string> {
  const row = await target.queryOne<{oid: string}>(
    'select coalesce(max(oid), 0)::text as oid from pg_largeobject_metadata',
  )
  return row.oid
}

/** Removes those that the app's role owns on the target; it was claimed without any. */
export async function removeLargeObjects(target: Queryable): Promise<void> {
  const some = `select lo_unlink(oid) from (
    select oid from pg_largeobject_metadata where pg_has_role(lomowner, 'USAGE') limit 1000) l`
  while ((await target.query(some)).length > 0);
}
