import {identifier} from '../postgres/catalog.js'
import {listTables, type TableName} from '../postgres/tables.js'
import type {Queryable} from '../ports/ports.js'

/** A table whose rows are compared. */
export interface VerifyTable {
  name: TableName
  /** Quoted columns of the primary key, or of another key; empty where a row is named by its text. */
  key: string[]
  columns: string[]
  bytes: number
  pages: number
  /** Another one means that it was truncated or rewritten. */
  filenode: string
  /** A range of pages can be read alone; before 14 it would cost a scan of the whole table. */
  divisible: boolean
}

interface Row extends Pick<VerifyTable, 'divisible' | 'filenode'> {
  attributes: string[] | null
  keyed: string[] | null
  bytes: string
  pages: string
}

/**
 * Tables and partitions, all or those named, largest first. A materialized view is left out: refreshed on the `to` side, it can be fresher
 * than on the `from` side.
 */
export async function tablesToVerify(db: Queryable, only?: readonly TableName[]): Promise<VerifyTable[]> {
  const rows = await listTables<Row>(db, {
    columns: `
      pg_table_size(c.oid)::text as bytes,
      (pg_relation_size(c.oid) / current_setting('block_size')::int)::text as pages,
      pg_relation_filenode(c.oid)::text as filenode,
      current_setting('server_version_num')::int >= 140000 as divisible,
      (select json_agg(a.attname order by a.attnum)
       from pg_attribute a
       where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as attributes,
      (select json_agg(a.attname order by p.place)
       from pg_index i, unnest(i.indkey[0:i.indnkeyatts - 1]) with ordinality p (attnum, place)
       join pg_attribute a on a.attnum = p.attnum
       where i.indrelid = c.oid and a.attrelid = c.oid and i.indisprimary) as keyed`,
    where: `c.relkind = 'r'
      and ($1::json is null or c.oid in (select to_regclass(name) from json_array_elements_text($1) name))`,
    orderBy: 'pg_table_size(c.oid) desc, 1, 2',
    values: [only ? JSON.stringify(only) : null],
  })
  return rows.map(({attributes, keyed, bytes, pages, ...rest}) => ({
    ...rest,
    key: (keyed ?? []).map((column) => identifier(column)),
    columns: (attributes ?? []).map((column) => identifier(column)),
    bytes: Number(bytes),
    pages: Number(pages),
  }))
}

/** How many pages each table has on one side: the rows are not packed the same way on the other. */
export async function pagesOf(db: Queryable, tables: readonly VerifyTable[]): Promise<Map<TableName, number>> {
  const rows = await db.query<{name: string; pages: string}>(
    `select name, coalesce(pg_relation_size(to_regclass(name)) / current_setting('block_size')::int, 0)::text as pages
     from json_array_elements_text($1::json) as name`,
    [JSON.stringify(tables.map(({name}) => name))],
  )
  return new Map(rows.map(({name, pages}) => [name, Number(pages)]))
}

/** It was truncated or rewritten since: an older snapshot cannot read what it was. */
export async function hasMoved(db: Queryable, {name, filenode}: VerifyTable): Promise<boolean> {
  const now = await db.queryOne<{filenode: string | null}>(
    `select pg_relation_filenode(to_regclass($1))::text as filenode`,
    [name],
  )
  return now.filenode !== filenode
}
