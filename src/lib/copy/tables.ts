import type {Queryable} from '../ports/ports.js'
import {TYPES_THAT_TRAVEL} from '../postgres/binary-types.js'
import {identifiers} from '../postgres/catalog.js'
import {ROUTED_BY} from '../postgres/partition-routing.js'
import {listTables, type TableName} from '../postgres/tables.js'

export interface CopyTable {
  name: TableName
  /** Where its rows go: the root, where another server divides them otherwise between the partitions; else itself. */
  goesTo: TableName
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

type Row = Pick<CopyTable, 'binary' | 'divisible' | 'filenode'> & {
  root: TableName | null
  attributes: string[] | null
  bytes: string
  pages: string
}

/** Tables and partitions that hold rows themselves, largest first. */
export async function tablesWithRows(db: Queryable): Promise<CopyTable[]> {
  const rows = await listTables<Row>(db, {
    before: TYPES_THAT_TRAVEL,
    columns: `
      ${ROUTED_BY} as root,
      a.attributes,
      coalesce(a.binary, true) as binary,
      pg_table_size(c.oid)::text as bytes,
      (pg_relation_size(c.oid) / current_setting('block_size')::int)::text as pages,
      pg_relation_filenode(c.oid)::text as filenode,
      current_setting('server_version_num')::int >= 140000 as divisible`,
    join: `
      cross join lateral (
        select json_agg(a.attname order by a.attnum) as attributes,
          bool_and(a.atttypid in (select oid from travels)) as binary
        from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') a`,
    where: `c.relkind = 'r'`,
    orderBy: 'pg_table_size(c.oid) desc, 1, 2',
  })
  return rows.map(({root, attributes, bytes, pages, ...rest}) => ({
    ...rest,
    goesTo: root ?? rest.name,
    columns: identifiers(attributes),
    bytes: Number(bytes),
    pages: Number(pages),
  }))
}
