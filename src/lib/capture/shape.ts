import {failed} from '../ports/errors.js'
import type {Queryable} from '../ports/ports.js'
import {CAPTURE_TRIGGER} from './log.js'
import type {CapturedTable} from './captured-table.js'

/** What must stay as it was for a sync to bring all that was written. */
export interface Shape {
  /** By the OID of the table. */
  units: Readonly<Record<string, TableShape>>
  /** Every enumerated type with its labels, and every composite type with its attributes, a line each. */
  types: string
}

export interface TableShape {
  relation: string
  /** How its rows are told apart, and by which kind of trigger they are noted. */
  key: string
  /**
   * Name, columns and capture triggers of each of its tables, by OID, with the versions of their catalog rows: a column whose
   * values were computed again, or a trigger that was disabled and enabled again, is another version.
   */
  members: Readonly<Record<string, string>>
}

export async function shapeOf(from: Queryable, tables: readonly CapturedTable[]): Promise<Shape> {
  const rows = await from.query<{unit: string | null; member: string; lines: string | null}>(
    `select u.oid::text as unit, m.oid::text as member,
       concat_ws(E'\\n', c.oid::regclass, a.columns, t.triggers) as lines
     from (select listed::oid as oid from json_array_elements_text($1) listed) u
     cross join lateral (select u.oid union select relid from pg_partition_tree(u.oid)) m (oid)
     join pg_class c on c.oid = m.oid
     cross join lateral (
       select string_agg(
         concat_ws(' ',
           quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), nullif(a.attgenerated, ''), '~' || a.xmin),
         E'\\n' order by a.attnum) as columns
       from pg_attribute a
       where a.attrelid = m.oid and a.attnum > 0 and not a.attisdropped) a
     cross join lateral (
       select string_agg(
         concat_ws(' ', 'trigger', t.tgname, t.tgenabled, '~' || t.xmin),
         E'\\n' order by t.tgname) as triggers
       from pg_trigger t
       where t.tgrelid = m.oid and t.tgname like '${CAPTURE_TRIGGER}%') t
     union all
     select null, null, (
       select string_agg(line, E'\\n' order by line)
       from (
         select concat_ws(' ',
           'type', enumtypid::regtype, string_agg(quote_literal(enumlabel), ', ' order by enumsortorder)) as line
         from pg_enum
         group by enumtypid
         union all
         select concat_ws(' ',
           'type', c.oid::regclass,
           string_agg(
             concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod)),
             ', ' order by a.attnum))
         from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where c.relkind = 'c'
         group by c.oid) e)`,
    [JSON.stringify(tables.map(({oid}) => oid))],
  )
  const members = new Map<string, Record<string, string>>(tables.map(({oid}) => [oid, {}]))
  for (const {unit, member, lines} of rows) if (unit !== null) members.get(unit)![member] = lines ?? ''
  return {
    types: rows.find(({unit}) => unit === null)?.lines ?? '',
    units: Object.fromEntries(
      tables.map((table) => [table.oid, {relation: table.name, key: keyLine(table), members: members.get(table.oid)!}]),
    ),
  }
}

export const keyLine = ({key, level}: CapturedTable): string =>
  [level, 'key', ...key.map(({name, equals}) => `${name} ${equals}`)].join(' ')

/** Refuses to go on over a schema change, with the difference. */
export async function assertShape(from: Queryable, shape: Shape, tables: readonly CapturedTable[]): Promise<void> {
  const now = await shapeOf(from, tables)
  for (const {oid, name} of tables) {
    const difference = differenceOf(linesOf(shape.units[oid]), linesOf(now.units[oid]))
    if (difference.length > 0) throw schemaChanged(`${name} has changed`, difference)
  }
  const types = differenceOf(shape.types.split('\n'), now.types.split('\n'))
  if (types.length > 0) throw schemaChanged('a type has changed', types)
}

const linesOf = (table: TableShape | undefined): string[] =>
  table ? [table.key, ...Object.values(table.members).flatMap((lines) => lines.split('\n'))] : []

/** What went, what came, and what has its old name but was recreated. */
function differenceOf(before: readonly string[], after: readonly string[]): string[] {
  const went = before.filter((line) => !after.includes(line)).map(plain)
  const came = after.filter((line) => !before.includes(line)).map(plain)
  return [
    ...went.filter((line) => !came.includes(line)).map((line) => `- ${line}`),
    ...came.filter((line) => !went.includes(line)).map((line) => `+ ${line}`),
    ...came.filter((line) => went.includes(line)).map((line) => `~ ${line}`),
  ]
}

/** Without the version of its catalog row, which means nothing to a reader. */
const plain = (line: string): string => line.replace(/ ~\d+$/, '')

export const SCHEMA_CHANGED = 'schema_changed'

export const schemaChanged = (what: string, difference: readonly string[]) =>
  failed(
    SCHEMA_CHANGED,
    `${what} since capture began: ${difference.join(', ')}`,
    'heroku rds:start --refresh-schema copies again what changed, and keeps the rest',
  )
