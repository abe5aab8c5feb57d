import {identifier, notOfExtension, USER_SCHEMA} from '../postgres/catalog.js'
import type {Queryable} from '../ports/ports.js'

/** A table whose rows are compared. */
export interface VerifyTable {
  /** Quoted, with schema. */
  name: string
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

/** Tables and partitions, all or those named, largest first. A materialized view is left out: refreshed on the target, it may be fresher than the source's. */
export async function tablesToVerify(db: Queryable, only?: readonly string[]): Promise<VerifyTable[]> {
  const rows = await db.query<
    {
      schema: string
      table: string
      key: string[] | null
      columns: string[] | null
      bytes: string
      pages: string
    } & Pick<VerifyTable, 'divisible' | 'filenode'>
  >(
    `select n.nspname as schema, c.relname as table, pg_table_size(c.oid)::text as bytes, pg_relation_filenode(c.oid)::text as filenode,
      (pg_relation_size(c.oid) / current_setting('block_size')::int)::text as pages,
      current_setting('server_version_num')::int >= 140000 as divisible,
      (select json_agg(a.attname order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
      (select json_agg(a.attname order by p.nth) from pg_index i, unnest(i.indkey[0:i.indnkeyatts - 1]) with ordinality p (num, nth)
         join pg_attribute a on a.attnum = p.num where i.indrelid = c.oid and a.attrelid = c.oid and i.indisprimary) as key
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and ${USER_SCHEMA} and ${notOfExtension('pg_class', 'c.oid')}
      and ($1::json is null or c.oid in (select to_regclass(name) from json_array_elements_text($1) name))
    order by pg_table_size(c.oid) desc, 1, 2`,
    [only ? JSON.stringify(only) : null],
  )
  return rows.map(({schema, table, key, columns, bytes, pages, ...rest}) => ({
    ...rest,
    name: identifier(schema, table),
    key: (key ?? []).map((column) => identifier(column)),
    columns: (columns ?? []).map((column) => identifier(column)),
    bytes: Number(bytes),
    pages: Number(pages),
  }))
}

/** The pages of a table on one side; the target's lie otherwise than the source's. */
export async function pagesOf(db: Queryable, tables: readonly VerifyTable[]): Promise<Map<string, number>> {
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
