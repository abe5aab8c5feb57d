import type {Queryable} from '../ports/ports.js'
import {TYPES_THAT_TRAVEL} from '../postgres/binary-types.js'
import {identifier, notOfExtension, USER_SCHEMA} from '../postgres/catalog.js'

/*
 * What is captured, and how. Where a table has a key, the keys that were touched are noted, and a sync brings the rows these
 * keys have by then. Where it has none, every row is noted as it came and went.
 */

/** A column of the key by which rows are found again. */
export interface KeyColumn {
  /** Quoted. */
  name: string
  /** The equality its index goes by, as SQL writes it between two values: `=` alone means another one for citext. */
  equals: string
}

/** A table on which triggers stand for a unit. */
export interface Member {
  oid: string
  relation: string
  /** Its rows lie in its partitions. */
  partitioned: boolean
}

/** A table, or a tree of partitions with a common key: whatever shares one log. */
export interface Unit {
  /** Of the table or of the root, on the source. */
  oid: string
  relation: string
  /** Empty where nothing identifies a row. */
  key: KeyColumn[]
  /** Quoted; generated ones left out. */
  columns: string[]
  /** Every column is of a type whose binary form means the same on both servers. */
  binary: boolean
  /** `row` where a statement may name another table than the one whose rows it touches: in trees of inheritance. */
  level: 'row' | 'statement'
  /** Some of its rows are gone after a crash. */
  unlogged: boolean
  members: Member[]
}

export const isKeyed = ({key}: Unit): boolean => key.length > 0

/** SQL: row `a` and row `b` have the same key. Keys hold no nulls. */
export const sameKey = ({key}: Pick<Unit, 'key'>, a: string, b: string): string =>
  key.map(({name, equals}) => `${a}.${name} ${equals} ${b}.${name}`).join(' and ')

/** Rows of a tree are reached through its root; a table of an inheritance tree answers for its own rows alone. */
export const rowsOf = (unit: Unit): string => (unit.members.length > 1 ? unit.relation : `only ${unit.relation}`)

/** Those that hold its rows. */
export const tablesOf = ({members}: Unit): string[] =>
  members.filter(({partitioned}) => !partitioned).map(({relation}) => relation)

interface Row {
  oid: string
  schema: string
  name: string
  partitioned: boolean
  unlogged: boolean
  inherits: boolean
  root: string
  key: {name: string; schema: string; operator: string}[] | null
  columns: string[] | null
  binary: boolean | null
}

/** The primary key, else a unique index that leaves no row out and takes no null. */
const KEYS = `
  select distinct on (i.indrelid) i.indrelid, i.indkey, i.indclass, i.indnkeyatts
  from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am am on am.oid = x.relam and am.amname = 'btree'
  where i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null and not exists (
    select from pg_attribute a where a.attrelid = i.indrelid and a.attnum = any (i.indkey[0:i.indnkeyatts - 1]) and not a.attnotnull)
  order by i.indrelid, i.indisprimary desc, i.indimmediate desc, i.indnkeyatts, i.indexrelid`

/** Every unit of a database, by name. */
export async function unitsOf(db: Queryable): Promise<Unit[]> {
  const rows = await db.query<Row>(`
    ${TYPES_THAT_TRAVEL}, keys as (${KEYS})
    select c.oid::text as oid, n.nspname as schema, c.relname as name, c.relkind = 'p' as partitioned, c.relpersistence = 'u' as unlogged,
      case when c.relkind = 'p' or c.relispartition then pg_partition_root(c.oid) else c.oid end::oid::text as root,
      not c.relispartition and c.relkind = 'r' and exists (select from pg_inherits i where c.oid in (i.inhrelid, i.inhparent)) as inherits,
      a.columns, a.binary, (
        select json_agg(json_build_object('name', k.attname, 'schema', s.nspname, 'operator', o.oprname) order by nth)
        from generate_series(0, keys.indnkeyatts - 1) nth
        join pg_attribute k on k.attrelid = c.oid and k.attnum = keys.indkey[nth]
        join pg_opclass p on p.oid = keys.indclass[nth]
        join pg_amop m on m.amopfamily = p.opcfamily and m.amopstrategy = 3 and m.amoplefttype = p.opcintype and m.amoprighttype = p.opcintype
        join pg_operator o on o.oid = m.amopopr join pg_namespace s on s.oid = o.oprnamespace) as key
    from pg_class c join pg_namespace n on n.oid = c.relnamespace left join keys on keys.indrelid = c.oid
    cross join lateral (
      select json_agg(a.attname order by a.attnum) as columns, bool_and(a.atttypid in (select oid from travels)) as binary
      from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') a
    where c.relkind in ('r', 'p') and c.relpersistence <> 't' and ${USER_SCHEMA} and ${notOfExtension('pg_class', 'c.oid')}
    order by 2, 3`)
  return groupUnits(rows)
}

/** A tree of partitions is one unit where its root has a key; else each of its partitions stands for itself. */
function groupUnits(rows: readonly Row[]): Unit[] {
  const roots = new Map(rows.map((row) => [row.oid, row]))
  const treeOf = (row: Row) => (roots.get(row.root)?.key ? row.root : undefined)
  return rows.flatMap((row): Unit[] => {
    const tree = treeOf(row)
    if (tree !== undefined && tree !== row.oid) return []
    if (tree === undefined && row.partitioned) return []
    const members = tree === undefined ? [row] : rows.filter((other) => other.root === tree)
    return [
      {
        oid: row.oid,
        relation: identifier(row.schema, row.name),
        key: (row.key ?? []).map(({name, schema, operator}) => ({
          name: identifier(name),
          equals: `operator(${identifier(schema)}.${operator})`,
        })),
        columns: (row.columns ?? []).map((column) => identifier(column)),
        binary: row.binary ?? true,
        level: row.inherits || row.root !== row.oid ? 'row' : 'statement',
        unlogged: members.some((member) => member.unlogged),
        members: members.map(({oid, schema, name, partitioned}) => ({
          oid,
          relation: identifier(schema, name),
          partitioned,
        })),
      },
    ]
  })
}
