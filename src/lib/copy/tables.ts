import type {Queryable} from '../ports/ports.js'
import {TYPES_THAT_TRAVEL} from '../postgres/binary-types.js'
import {identifier, notOfExtension, USER_SCHEMA} from '../postgres/catalog.js'

export interface CopyTable {
  identifier: string
  /** Quoted; generated ones left out. */
  columns: string[]
  /** Rows and their TOAST, without indexes. */
  bytes: number
  /** Of the rows alone. */
  pages: number
  /** Another one means that the rows were moved: VACUUM FULL, CLUSTER, a rewriting ALTER TABLE, TRUNCATE. */
  filenode: string
  /** Every column is of a type whose binary form means the same on both servers. */
  binary: boolean
  /** A page range can be read alone; before 14 it would cost a scan of the whole table. */
  divisible: boolean
}

/** Tables and partitions that hold rows themselves, largest first. */
export async function tablesWithRows(db: Queryable): Promise<CopyTable[]> {
  const rows = await db.query<
    {schema: string; name: string; columns: string[] | null; bytes: string; pages: string} & Pick<
      CopyTable,
      'binary' | 'divisible' | 'filenode'
    >
  >(`
    ${TYPES_THAT_TRAVEL}
    select n.nspname as schema, c.relname as name, pg_table_size(c.oid)::text as bytes, pg_relation_filenode(c.oid)::text as filenode,
      (pg_relation_size(c.oid) / current_setting('block_size')::int)::text as pages,
      current_setting('server_version_num')::int >= 140000 as divisible, a.columns, coalesce(a.binary, true) as binary
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    cross join lateral (
      select json_agg(a.attname order by a.attnum) as columns, bool_and(a.atttypid in (select oid from travels)) as binary
      from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') a
    where c.relkind = 'r' and ${USER_SCHEMA} and ${notOfExtension('pg_class', 'c.oid')}
    order by pg_table_size(c.oid) desc, 1, 2`)
  return rows.map(({schema, name, columns, bytes, pages, ...rest}) => ({
    ...rest,
    identifier: identifier(schema, name),
    columns: (columns ?? []).map((column) => identifier(column)),
    bytes: Number(bytes),
    pages: Number(pages),
  }))
}
