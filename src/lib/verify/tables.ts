import {identifiers} from '../postgres/catalog.js'
import {ROUTED_BY} from '../postgres/partition-routing.js'
import {IS_LONG, IS_STORED, type RowColumns} from '../postgres/row-text.js'
import {listTables, type TableName} from '../postgres/tables.js'
import type {Queryable} from '../ports/ports.js'

/** Where rows lie: a table, or a partition. */
export interface TablePart {
  name: TableName
  pages: number
  /** A range of pages can be read alone; before 14 it would cost a scan of the whole table. */
  divisible: boolean
}

/** What is compared as one: a table, a partition, or all partitions of a tree between which rows are divided otherwise on the other side. */
export interface VerifyTable {
  name: TableName
  /** What to select its rows from. */
  rows: string
  parts: TablePart[]
  /** Quoted columns of the primary key, or of another key; empty where a row is named by its text. */
  key: string[]
  row: RowColumns
  bytes: number
  /** Another one means that it was truncated or rewritten. */
  filenode: string
}

interface Leaf {
  name: TableName
  root: string | null
  attributes: string[] | null
  long: string[] | null
  keyed: string[] | null
  bytes: string
  pages: string
  filenode: string
  divisible: boolean
}

/**
 * Tables and partitions, all or those named, largest first. A materialized view is left out: refreshed on the `to` side, it can be fresher
 * than on the `from` side.
 */
export async function tablesToVerify(db: Queryable, only?: readonly TableName[]): Promise<VerifyTable[]> {
  const leaves = await listTables<Leaf>(db, {
    columns: `
      ${ROUTED_BY} as root,
      pg_table_size(c.oid)::text as bytes,
      (pg_relation_size(c.oid) / current_setting('block_size')::int)::text as pages,
      pg_relation_filenode(c.oid)::text as filenode,
      current_setting('server_version_num')::int >= 140000 as divisible,
      a.attributes,
      a.long,
      (select json_agg(a.attname order by p.place)
       from pg_index i, unnest(i.indkey[0:i.indnkeyatts - 1]) with ordinality p (attnum, place)
       join pg_attribute a on a.attnum = p.attnum
       where i.indrelid = c.oid and a.attrelid = c.oid and i.indisprimary) as keyed`,
    join: `
      cross join lateral (
        select json_agg(a.attname order by a.attnum) as attributes,
          json_agg(a.attname) filter (where ${IS_LONG}) as long
        from pg_attribute a
        where a.attrelid = c.oid and ${IS_STORED}) a`,
    where: `c.relkind = 'r'
      and ($1::json is null or c.oid in (select to_regclass(name) from json_array_elements_text($1) name))`,
    orderBy: 'pg_table_size(c.oid) desc, 1, 2',
    values: [only ? JSON.stringify(only) : null],
  })
  const byName = new Map<TableName, Leaf[]>()
  for (const leaf of leaves) {
    const name = leaf.root ?? leaf.name
    byName.set(name, [...(byName.get(name) ?? []), leaf])
  }
  return [...byName].map(([name, parts]) => tableOf(name, parts))
}

function tableOf(name: TableName, leaves: readonly Leaf[]): VerifyTable {
  const [{root, attributes, long, keyed}] = leaves as [Leaf]
  return {
    name,
    rows: root === null ? `only ${name}` : name,
    parts: leaves.map((leaf) => ({name: leaf.name, pages: Number(leaf.pages), divisible: leaf.divisible})),
    key: identifiers(keyed),
    row: {all: identifiers(attributes), long: identifiers(long)},
    bytes: leaves.reduce((sum, {bytes}) => sum + Number(bytes), 0),
    filenode: leaves.map(({filenode}) => filenode).join(','),
  }
}

/** How many pages each part has on one side: the rows are not packed the same way on the other. */
export async function pagesOf(db: Queryable, tables: readonly VerifyTable[]): Promise<Map<TableName, number>> {
  const rows = await db.query<{name: string; pages: string}>(
    `select name, coalesce(pg_relation_size(to_regclass(name)) / current_setting('block_size')::int, 0)::text as pages
     from json_array_elements_text($1::json) as name`,
    [JSON.stringify(tables.flatMap(({parts}) => parts.map(({name}) => name)))],
  )
  return new Map(rows.map(({name, pages}) => [name, Number(pages)]))
}

/** Those that were truncated or rewritten since: an older snapshot cannot read what they were. */
export async function movedOf(db: Queryable, tables: readonly VerifyTable[]): Promise<ReadonlySet<TableName>> {
  const listed = tables.map(({name, parts}) => ({name, parts: parts.map((part) => part.name)}))
  const rows = await db.query<{name: TableName; filenode: string | null}>(
    `select t.name, (
       select string_agg(pg_relation_filenode(to_regclass(part))::text, ',' order by nth)
       from json_array_elements_text(t.parts) with ordinality p (part, nth)) as filenode
     from json_to_recordset($1) t (name text, parts json)`,
    [JSON.stringify(listed)],
  )
  const known = new Map(tables.map(({name, filenode}) => [name, filenode]))
  return new Set(rows.filter(({name, filenode}) => known.get(name) !== filenode).map(({name}) => name))
}
