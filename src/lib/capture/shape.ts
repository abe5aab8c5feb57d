import {createHash} from 'node:crypto'

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

/**
 * SQL: a row for each table and partition of the listed tables (`$1`, OIDs as a JSON array), and one for all types. The versions of
 * catalog rows are those of the moment, whoever reads them.
 */
const LINES = `
     select u.oid::text as unit, m.oid::text as member,
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
         group by c.oid) e)`

export async function shapeOf(from: Queryable, tables: readonly CapturedTable[]): Promise<Shape> {
  const rows = await from.query<{unit: string | null; member: string; lines: string | null}>(LINES, [listOf(tables)])
  const members = new Map<string, Record<string, string>>(tables.map(({oid}) => [oid, {}]))
  for (const {unit, member, lines} of rows) if (unit !== null) members.get(unit)![member] = lines ?? ''
  return {
    types: rows.find(({unit}) => unit === null)?.lines ?? '',
    units: Object.fromEntries(
      tables.map((table) => [table.oid, {relation: table.name, key: keyLine(table), members: members.get(table.oid)!}]),
    ),
  }
}

const listOf = (tables: readonly CapturedTable[]): string => JSON.stringify(tables.map(({oid}) => oid))

/** SQL: one digest for all of it. Text is compared by its bytes, as `digestOf` does. */
const DIGEST = `
     select md5(convert_to(
       string_agg(concat_ws(' ', unit, member, lines), E'\\n' order by unit collate "C", member collate "C"), 'UTF8'))
     from (${LINES}) l`

/** The same of a shape that is known. */
function digestOf({units, types}: Shape, tables: readonly CapturedTable[]): string {
  const byText = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1)
  const lines = tables
    .map(({oid}): [string, TableShape] => [oid, units[oid]!])
    .sort(byText)
    .flatMap(([unit, {members}]) =>
      Object.entries(members)
        .sort(byText)
        .map(([member, text]) => [unit, member, text].join(' ')),
    )
  return createHash('md5')
    .update([...lines, types].join('\n'))
    .digest('hex')
}

/** The files that held rows when they were looked at, by OID. */
type Files = Readonly<Record<string, string>>

/**
 * Looks, in a session that sees the present, whether all is as it was when the capture began, and whether the rows of some tables still lie
 * where they lay. Refuses to go on over a schema change, with the difference; false where rows were moved.
 */
export async function isUnmoved(
  from: Queryable,
  {shape, tables}: {shape: Shape; tables: readonly CapturedTable[]},
  files: Files,
): Promise<boolean> {
  const now = await from.queryOne<{shape: string; moved: boolean}>(
    `select (${DIGEST}) as shape,
       exists (
         select from json_each_text($2) held
         left join pg_class c on c.oid = held.key::oid
         where c.relfilenode is distinct from held.value::oid) as moved`,
    [listOf(tables), JSON.stringify(files)],
  )
  if (now.shape !== digestOf(shape, tables)) await assertShape(from, shape, tables)
  return !now.moved
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
