import type {Queryable} from '../ports/ports.js'
import {TYPES_THAT_TRAVEL} from '../postgres/binary-types.js'
import {identifier, identifiers} from '../postgres/catalog.js'
import {baseOfDomain} from '../postgres/plain-types.js'
import {HASHED_OTHERWISE} from '../postgres/partition-routing.js'
import {IS_LONG, IS_STORED, type RowColumns} from '../postgres/row-text.js'
import {listTables, type TableName} from '../postgres/tables.js'

/*
 * What is captured, and how. Of a table with a key the touched keys are noted, and a sync copies the rows that these keys have at its
 * snapshot. Of a table without one every row is noted as it came and went.
 */

/** A column of the key by which rows are found again. */
export interface KeyColumn {
  /** Quoted. */
  name: string
  /** The equality its index goes by, as SQL writes it between two values: `=` alone means another one for citext. */
  equals: string
  /** What the column's domain rests on: operators of enumerated types, arrays and ranges take no domain. Null where it has none. */
  base: string | null
}

/** A table that bears capture triggers. */
export interface Partition {
  oid: string
  name: TableName
  /** Its rows lie in its partitions. */
  partitioned: boolean
}

/** A table, or a tree of partitions with a common key: it has one log. */
export interface CapturedTable {
  /** Of the table or of the root, on the `from` side. */
  oid: string
  name: TableName
  /** Empty where nothing identifies a row. */
  key: KeyColumn[]
  /** Quoted; generated ones left out. */
  columns: string[]
  row: RowColumns
  /** Every column is of a type whose binary form means the same on both servers. */
  binary: boolean
  /** `row` where a statement may name another table than the one whose rows it touches: in trees of inheritance. */
  level: 'row' | 'statement'
  /** Some of its rows are gone after a crash. */
  unlogged: boolean
  /** Itself, where it is no tree. */
  partitions: Partition[]
  /** Its rows lie in other partitions on the other side. */
  throughRoot: boolean
}

export const isKeyed = ({key}: CapturedTable): boolean => key.length > 0

/** SQL: row `a` and row `b` have the same key. Keys hold no nulls. */
export const sameKey = ({key}: Pick<CapturedTable, 'key'>, a: string, b: string): string =>
  key
    .map(({name, equals, base}) => {
      const cast = base === null ? '' : `::${base}`
      return `${a}.${name}${cast} ${equals} ${b}.${name}${cast}`
    })
    .join(' and ')

/** Rows of a tree are reached through its root; a table of an inheritance tree answers for its own rows alone. */
export const rowsOf = ({name, partitions}: CapturedTable): string => (partitions.length > 1 ? name : `only ${name}`)

/** Those that hold its rows. */
export const leavesOf = ({partitions}: CapturedTable): TableName[] =>
  partitions.filter(({partitioned}) => !partitioned).map(({name}) => name)

interface Row {
  oid: string
  name: TableName
  partitioned: boolean
  unlogged: boolean
  inherits: boolean
  root: string
  key: {name: string; schema: string; operator: string; base: string | null}[] | null
  attributes: string[] | null
  all: string[] | null
  long: string[] | null
  binary: boolean | null
  throughRoot: boolean
}

/**
 * The primary key, else a unique index that leaves no row out and takes no null. Its values are equal by the operator by which their type
 * is sorted and told apart everywhere else: an index may go by another one (`record_image_ops`). The choice does not depend on OIDs,
 * which REINDEX CONCURRENTLY changes.
 */
const KEYS = `
  select distinct on (i.indrelid) i.indrelid, i.indkey, i.indclass, i.indnkeyatts
  from pg_index i
  join pg_class x on x.oid = i.indexrelid
  join pg_am am on am.oid = x.relam and am.amname = 'btree'
  where i.indisunique
    and i.indisvalid
    and i.indpred is null
    and i.indexprs is null
    and not exists (
      select from pg_attribute a
      where a.attrelid = i.indrelid and a.attnum = any (i.indkey[0:i.indnkeyatts - 1]) and not a.attnotnull)
    and not exists (
      select from unnest(i.indclass[0:i.indnkeyatts - 1]) class
      join pg_opclass used on used.oid = class
      join pg_amop equal on equal.amopfamily = used.opcfamily and equal.amopstrategy = 3
        and equal.amoplefttype = used.opcintype and equal.amoprighttype = used.opcintype
      where not exists (
        select from pg_opclass usual
        join pg_amop theirs on theirs.amopfamily = usual.opcfamily and theirs.amopstrategy = 3
          and theirs.amoplefttype = usual.opcintype and theirs.amoprighttype = usual.opcintype
        where usual.opcmethod = used.opcmethod
          and usual.opcdefault
          and usual.opcintype = used.opcintype
          and theirs.amopopr = equal.amopopr))
  order by i.indrelid, i.indisprimary desc, i.indimmediate desc, i.indnkeyatts, i.indkey::text, x.relname`

/** Every table of a database that can be captured, by name. */
export async function tablesToCapture(db: Queryable): Promise<CapturedTable[]> {
  const rows = await listTables<Row>(db, {
    before: `${TYPES_THAT_TRAVEL}, keys as (${KEYS})`,
    columns: `
      c.oid::text as oid,
      c.relkind = 'p' as partitioned,
      c.relpersistence = 'u' as unlogged,
      case when c.relkind = 'p' or c.relispartition then pg_partition_root(c.oid) else c.oid end::oid::text as root,
      not c.relispartition and c.relkind = 'r'
        and exists (select from pg_inherits i where c.oid in (i.inhrelid, i.inhparent)) as inherits,
      a.attributes,
      a.all,
      a.long,
      a.binary,
      c.relkind = 'p' and ${HASHED_OTHERWISE} as "throughRoot",
      (select json_agg(
         json_build_object(
           'name', k.attname, 'schema', s.nspname, 'operator', o.oprname, 'base', ${baseOfDomain('k.atttypid')})
         order by place)
       from generate_series(0, keys.indnkeyatts - 1) place
       join pg_attribute k on k.attrelid = c.oid and k.attnum = keys.indkey[place]
       join pg_opclass p on p.oid = keys.indclass[place]
       -- strategy 3 of a btree is equality
       join pg_amop m on m.amopfamily = p.opcfamily and m.amopstrategy = 3
         and m.amoplefttype = p.opcintype and m.amoprighttype = p.opcintype
       join pg_operator o on o.oid = m.amopopr
       join pg_namespace s on s.oid = o.oprnamespace) as key`,
    join: `
      left join keys on keys.indrelid = c.oid
      cross join lateral (
        select json_agg(a.attname order by a.attnum) filter (where a.attgenerated = '') as attributes,
          json_agg(a.attname order by a.attnum) as all,
          json_agg(a.attname) filter (where ${IS_LONG}) as long,
          bool_and(a.atttypid in (select oid from travels)) filter (where a.attgenerated = '') as binary
        from pg_attribute a
        where a.attrelid = c.oid and ${IS_STORED}) a`,
  })
  return groupByTree(rows)
}

/** A tree of partitions is captured as one where its root has a key; else each of its partitions stands for itself. */
function groupByTree(rows: readonly Row[]): CapturedTable[] {
  const roots = new Map(rows.map((row) => [row.oid, row]))
  const treeOf = (row: Row) => (roots.get(row.root)?.key ? row.root : undefined)
  return rows.flatMap((row): CapturedTable[] => {
    const tree = treeOf(row)
    if (tree !== undefined && tree !== row.oid) return []
    if (tree === undefined && row.partitioned) return []
    const partitions = tree === undefined ? [row] : rows.filter((other) => other.root === tree)
    return [
      {
        oid: row.oid,
        name: row.name,
        key: (row.key ?? []).map(({name, schema, operator, base}) => ({
          name: identifier(name),
          base,
          equals: `operator(${identifier(schema)}.${operator})`,
        })),
        columns: identifiers(row.attributes),
        row: {all: identifiers(row.all), long: identifiers(row.long)},
        binary: row.binary ?? true,
        level: row.inherits || row.root !== row.oid ? 'row' : 'statement',
        unlogged: partitions.some((partition) => partition.unlogged),
        partitions: partitions.map(({oid, name, partitioned}) => ({oid, name, partitioned})),
        throughRoot: row.throughRoot,
      },
    ]
  })
}
