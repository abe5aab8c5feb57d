import {literal, OWN_SCHEMA} from '../postgres/catalog.js'
import {failed} from '../ports/errors.js'
import type {Queryable, Session} from '../ports/ports.js'
import {type Chunk, chunksOf} from './chunks.js'
import type {TableName} from '../postgres/tables.js'
import type {CopyTable} from './tables.js'

/*
 * What is to be copied and what has been, kept on the target. A chunk is marked in the transaction that brings its rows:
 * after any kill or cut, the marks tell exactly which rows are there.
 */

/** Repeatable. */
export const CREATE_COPY_STATE = `
  create table if not exists ${OWN_SCHEMA}.copy_chunks (
    relation text not null,
    first_page bigint not null,
    next_page bigint,
    source_bytes bigint not null,
    filenode oid not null,
    rows bigint,
    sent_bytes bigint,
    moment text,
    copied_at timestamptz,
    primary key (relation, first_page))`

/** A chunk as the target knows it. */
export interface KnownChunk extends Chunk {
  /** Of the source, at which its rows were read; null until it is copied. */
  snapshot: string | null
}

export const isMissing = ({snapshot}: KnownChunk): boolean => snapshot === null

export interface TablePlan {
  table: CopyTable
  chunks: KnownChunk[]
}

export const isUnfinished = ({chunks}: TablePlan): boolean => chunks.some(isMissing)

/**
 * The chunks of every table: those an earlier run laid out, so that their marks mean the same, and new ones of about this size for what
 * it did not know. A table whose rows were moved on the source is begun again, unless it had been copied whole, with all whose rows went to
 * the same place.
 */
export async function planChunks(target: Session, tables: readonly CopyTable[], size: number): Promise<TablePlan[]> {
  const known = new Map<string, StoredChunk[]>()
  for (const chunk of await knownChunks(target))
    known.set(chunk.relation, [...(known.get(chunk.relation) ?? []), chunk])
  const moved = new Set(
    tables.flatMap(({name, filenode, goesTo}) =>
      known.get(name)?.some((chunk) => chunk.snapshot === null && chunk.filenode !== filenode) ? [goesTo] : [],
    ),
  )
  for (const goesTo of moved) await empty(target, goesTo)
  const plans: TablePlan[] = []
  const laidOut: object[] = []
  for (const table of tables) {
    const again = moved.has(table.goesTo)
    if (again) await forgetTable(target, table)
    let chunks: KnownChunk[] | undefined = again ? undefined : known.get(table.name)
    if (!chunks) {
      chunks = chunksOf(table, size).map((chunk) => ({...chunk, snapshot: null}))
      laidOut.push(...chunks.map((chunk) => ({...chunk, relation: table.name, filenode: table.filenode})))
    }
    plans.push({table, chunks})
  }
  await target.query(
    `insert into ${OWN_SCHEMA}.copy_chunks (relation, first_page, next_page, source_bytes, filenode)
     select relation, "firstPage", "nextPage", bytes, filenode
     from json_to_recordset($1)
       as c (relation text, "firstPage" bigint, "nextPage" bigint, bytes bigint, filenode oid)`,
    [JSON.stringify(laidOut)],
  )
  return plans
}

type StoredChunk = KnownChunk & {relation: string; filenode: string}

async function knownChunks(target: Queryable): Promise<StoredChunk[]> {
  const rows = await target.query<
    Record<'bytes' | 'filenode' | 'firstPage' | 'relation', string> & Record<'nextPage' | 'snapshot', string | null>
  >(`
    select relation, first_page as "firstPage", next_page as "nextPage", source_bytes as bytes, filenode,
      moment as snapshot
    from ${OWN_SCHEMA}.copy_chunks
    order by relation, first_page`)
  return rows.map(({firstPage, nextPage, bytes, ...rest}) => ({
    ...rest,
    firstPage: Number(firstPage),
    nextPage: nextPage === null ? null : Number(nextPage),
    bytes: Number(bytes),
  }))
}

/** Takes its rows away; those of the tables that inherit from it stay. */
async function empty(target: Queryable, name: TableName): Promise<void> {
  const table = await target.queryOne<{partitioned: boolean}>(
    `select relkind = 'p' as partitioned from pg_class where oid = $1::regclass`,
    [name],
  )
  await target.query(`truncate ${table.partitioned ? '' : 'only'} ${name}`)
}

const forgetTable = (target: Queryable, {name}: CopyTable): Promise<unknown[]> =>
  target.query(`delete from ${OWN_SCHEMA}.copy_chunks where relation = $1`, [name])

/** Snapshots of which the rows are; null stands for chunks that are not there yet. */
export async function snapshotsCopied(target: Queryable): Promise<(string | null)[]> {
  const rows = await target.query<{snapshot: string | null}>(
    `select distinct moment as snapshot from ${OWN_SCHEMA}.copy_chunks`,
  )
  return rows.map(({snapshot}) => snapshot)
}

/** Forgets the chunks of all other tables. */
export const keepChunks = (session: Queryable, tables: readonly string[]): Promise<unknown[]> =>
  session.query(`delete from ${OWN_SCHEMA}.copy_chunks where relation <> all ($1)`, [tables])

/** Forgets all; for a target that is emptied. */
export const forgetChunks = (target: Queryable): Promise<unknown[]> =>
  target.query(`truncate ${OWN_SCHEMA}.copy_chunks`)

type Which = {plan: {table: CopyTable}; chunk: Chunk}

const listed = (chunks: readonly Which[], more: (nth: number) => readonly number[] = () => []): string =>
  chunks
    .map(
      ({plan, chunk}, nth) => `(${[literal(plan.table.name), `${chunk.firstPage}::bigint`, ...more(nth)].join(', ')})`,
    )
    .join(', ')

/**
 * Takes chunks for this transaction, in one message with what is to go ahead; returns, of each, the snapshot of its rows where it has been
 * copied already, else null. Waits for a transaction of a run that was killed a moment ago, until the server has noticed.
 */
export async function takeChunks(
  to: Queryable,
  chunks: readonly Which[],
  ahead: readonly string[],
): Promise<(string | null)[]> {
  const take = `
    select c.relation, c.first_page as "firstPage", c.moment as snapshot
    from ${OWN_SCHEMA}.copy_chunks c
    join (values ${listed(chunks)}) l (relation, first_page) using (relation, first_page)
    order by 1, 2
    for update of c`
  const rows = await to.query<{relation: string; firstPage: string; snapshot: string | null}>(
    [...ahead, take].join('; '),
  )
  const known = new Map(rows.map(({relation, firstPage, snapshot}) => [`${firstPage} ${relation}`, snapshot]))
  return chunks.map(({plan: {table}, chunk}) => {
    const snapshot = known.get(`${chunk.firstPage} ${table.name}`)
    if (snapshot !== undefined) return snapshot
    throw failed(
      'laid_out_again',
      `another run has divided ${table.name} into other chunks`,
      'run the same command again',
    )
  })
}

/** SQL that marks chunks as copied. */
export const markChunks = (chunks: readonly (Which & {rows: number; bytes: number})[], snapshot: string): string => `
  update ${OWN_SCHEMA}.copy_chunks c
  set rows = l.rows, sent_bytes = l.bytes, moment = ${literal(snapshot)}, copied_at = clock_timestamp()
  from (values ${listed(chunks, (nth) => [chunks[nth]!.rows, chunks[nth]!.bytes])})
    l (relation, first_page, rows, bytes)
  where c.relation = l.relation and c.first_page = l.first_page`
