import {failed} from '../errors.js'
import type {Queryable} from '../ports.js'
import {CAPTURE_TRIGGER} from './log.js'
import type {Unit} from './units.js'

/** The columns and capture triggers of each unit's tables, by the OID of the unit. */
export type Shape = Readonly<Record<string, string>>

/**
 * What must stay as it was for a sync to bring all that was written: names, types and order of columns, and capture triggers that
 * were never off. A column that was computed anew, or a trigger that was disabled and enabled again, is another version of its catalog row.
 */
export async function shapeOf(source: Queryable, units: readonly Unit[]): Promise<Shape> {
  const members = units.flatMap((unit) => unit.members.map(({oid}) => ({unit: unit.oid, oid})))
  if (members.length === 0) return {}
  const rows = await source.query<{unit: string; lines: string}>(
    `select m.unit, string_agg(concat_ws(E'\\n', c.oid::regclass, a.columns, t.triggers), E'\\n' order by m.oid) as lines
     from json_to_recordset($1) as m (unit text, oid oid) left join pg_class c on c.oid = m.oid
     cross join lateral (select string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), nullif(a.attgenerated, ''), '~' || a.xmin), E'\\n' order by a.attnum) as columns
       from pg_attribute a where a.attrelid = m.oid and a.attnum > 0 and not a.attisdropped) a
     cross join lateral (select string_agg(concat_ws(' ', 'trigger', t.tgname, t.tgenabled, '~' || t.xmin), E'\\n' order by t.tgname) as triggers
       from pg_trigger t where t.tgrelid = m.oid and t.tgname like '${CAPTURE_TRIGGER}%') t
     group by m.unit`,
    [JSON.stringify(members)],
  )
  return Object.fromEntries(rows.map(({unit, lines}) => [unit, lines]))
}

/** Refuses to go on over a schema change, with the difference. */
export async function assertShape(source: Queryable, shape: Shape, units: readonly Unit[]): Promise<void> {
  const now = await shapeOf(source, units)
  for (const unit of units) {
    const [before, after] = [shape[unit.oid] ?? '', now[unit.oid] ?? '']
    if (before === after) continue
    throw schemaChanged(unit.relation, before.split('\n'), after.split('\n'))
  }
}

const schemaChanged = (relation: string, before: readonly string[], after: readonly string[]) => {
  const gone = before.filter((line) => !after.includes(line)).map((line) => `- ${line}`)
  const come = after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`)
  return failed(
    'schema_changed',
    `${relation} was changed on the source: ${[...gone, ...come].map(plain).join(', ')}`,
    'make the same change on the target (heroku rds:psql) and run heroku rds:start again: it copies this table anew',
  )
}

/** Without the version of its catalog row, which tells nobody anything. */
const plain = (line: string): string => line.replace(/ ~\d+$/, '')
