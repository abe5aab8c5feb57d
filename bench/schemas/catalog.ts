import type pg from 'pg'

import {readTypes, type Type, type Types} from './types.js'

export interface Column {
  name: string
  type: Type
  modifier: number
  /** As SQL casts to it. */
  typeName: string
  notNull: boolean
  hasDefault: boolean
  unique: boolean
  /** Literals of the conditions it is named in, and of the bounds of partitions. */
  literals: string[]
}

export interface ForeignKey {
  name: string
  columns: string[]
  table: string
  keys: string[]
}

/** A table that rows are put into: no partition, but the root of a tree of partitions. */
export interface Table {
  name: string
  columns: Column[]
  foreignKeys: ForeignKey[]
  /** Which columns a constraint or a unique index speaks of, by its name. */
  constraints: Map<string, string[]>
}

export interface Catalog {
  types: Types
  /** A table comes after those that it refers to, as far as there is an order. */
  tables: Table[]
}

interface Row {
  name: string
  columns: (Omit<Column, 'type' | 'unique' | 'literals'> & {type: string})[]
  constraints: {name: string; kind: string; columns: string[]; definition: string; table: string; keys: string[]}[]
  bounds: string[]
}

/** Reads, as a superuser whose search_path is pg_catalog, everything that filling takes. */
export async function readCatalog(client: pg.Client): Promise<Catalog> {
  const types = await readTypes(client)
  const {rows} = await client.query<Row>(TABLES)
  return {types, tables: inOrder(rows.map((row) => tableOf(row, types)))}
}

function tableOf({name, columns, constraints, bounds}: Row, types: Types): Table {
  const unique = new Set(constraints.filter(({kind}) => kind === 'u').flatMap((constraint) => constraint.columns))
  const literals = (column: string) =>
    constraints
      .filter((constraint) => constraint.kind === 'c' && constraint.columns.includes(column))
      .flatMap(({definition}) => literalsOf(definition))
  return {
    name,
    columns: columns.map((column) => ({
      ...column,
      type: types.get(column.type)!,
      unique: unique.has(column.name),
      literals: [...literals(column.name), ...bounds.flatMap(literalsOf)].filter((literal) =>
        (READABLE[types.get(column.type)!.name] ?? /^/).test(literal),
      ),
    })),
    foreignKeys: constraints
      .filter(({kind}) => kind === 'f')
      .map((constraint) => ({...constraint}))
      .sort((a, b) => b.columns.length - a.columns.length),
    constraints: new Map(constraints.map((constraint) => [constraint.name, constraint.columns])),
  }
}

/** Strings and numbers that stand in a definition. */
export const literalsOf = (definition: string): string[] => [
  ...[...definition.matchAll(/'((?:[^']|'')*)'/g)].map(([, text]) => text!.replaceAll("''", "'")),
  ...[...definition.matchAll(/[^\w.](-?\d+(?:\.\d+)?)\b/g)].map(([, number]) => number!),
]

/** Literals that the input function of a type takes, where it does not take most. */
const READABLE: Record<string, RegExp> = {
  bool: /^(true|false)$/,
  ...Object.fromEntries(['int2', 'int4', 'int8'].map((type) => [type, /^-?\d{1,9}$/])),
  ...Object.fromEntries(['float4', 'float8', 'numeric', 'money'].map((type) => [type, /^-?\d{1,9}(\.\d+)?$/])),
  ...Object.fromEntries(['date', 'timestamp', 'timestamptz'].map((type) => [type, /^\d{4}-\d\d-\d\d/])),
  json: /^[{[]/,
  jsonb: /^[{[]/,
}

function inOrder(tables: readonly Table[]): Table[] {
  const ordered = new Set<Table>()
  const visit = (table: Table, path: ReadonlySet<Table>) => {
    if (ordered.has(table) || path.has(table)) return
    for (const key of table.foreignKeys) {
      const before = tables.find(({name}) => name === key.table)
      if (before) visit(before, new Set([...path, table]))
    }
    ordered.add(table)
  }
  for (const table of tables) visit(table, new Set())
  return [...ordered]
}

const columnsOf = (numbers: string, table: string) =>
  `array(
    select a.attname::text
    from unnest(${numbers}) with ordinality listed (attnum, nth)
    join pg_attribute a on a.attrelid = ${table} and a.attnum = listed.attnum
    order by nth)`

const TABLES = `
  select c.oid::regclass::text as name,
    coalesce((
      select jsonb_agg(jsonb_build_object(
        'name', a.attname, 'type', a.atttypid::text, 'modifier', a.atttypmod,
        'typeName', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
        'hasDefault', a.atthasdef or a.attidentity <> '') order by a.attnum)
      from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        and a.attgenerated = '' and a.attidentity <> 'a'), '[]') as columns,
    coalesce((
      select jsonb_agg(jsonb_build_object(
        'name', k.conname, 'kind', k.contype, 'columns', ${columnsOf('k.conkey', 'k.conrelid')},
        'definition', pg_get_constraintdef(k.oid), 'table', nullif(k.confrelid, 0)::regclass::text,
        'keys', ${columnsOf('k.confkey', 'k.confrelid')}))
      from pg_constraint k
      where k.conrelid = c.oid and k.contype in ('c', 'f')
        or k.contype = 'f' and k.conrelid in (select relid from pg_partition_tree(c.oid))), '[]')
    || coalesce((
      select jsonb_agg(jsonb_build_object(
        'name', x.relname, 'kind', 'u', 'columns', ${columnsOf('i.indkey::int2[]', 'i.indrelid')}, 'definition', ''))
      from pg_index i
      join pg_class x on x.oid = i.indexrelid
      where i.indrelid = c.oid and (i.indisunique or i.indisexclusion)), '[]') as constraints,
    array(
      select pg_get_expr(p.relpartbound, p.oid)
      from pg_partition_tree(c.oid) tree
      join pg_class p on p.oid = tree.relid
      where p.relpartbound is not null) as bounds
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and not c.relispartition
    and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', '_heroku', 'heroku_rds')
    and not exists (
      select from pg_depend d
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  order by 1`
