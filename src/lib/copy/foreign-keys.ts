import {failed} from '../errors.js'
import type {Database, Queryable, Session} from '../ports.js'
import {prepareToBuild} from './build-indexes.js'
import type {Capacity} from './capacity.js'
import {ALREADY_THERE, execute, FOREIGN_KEY_VIOLATION} from './execute.js'
import type {ForeignKey} from './post-data.js'

/**
 * Adds foreign keys without looking at rows and validates them afterwards: that takes locks which let the keys of other
 * tables be validated at the same time. Those of partitioned tables are added whole, one by one. A key that is not valid on the source stays so.
 */
export async function addForeignKeys(
  {source, target}: {source: Database; target: Database},
  keys: readonly ForeignKey[],
  {jobs, buildMemory}: Capacity,
  signal: AbortSignal,
): Promise<void> {
  const apart = keys.filter(({partitioned}) => !partitioned)
  const whole = keys.filter(({partitioned}) => partitioned)

  /** Rows that point to nothing exist where a source's triggers were once off, or its indexes were corrupt. */
  const orphansNamed = async (key: ForeignKey, validation: Promise<unknown>): Promise<void> => {
    try {
      await validation
    } catch (error) {
      if ((error as {code?: unknown}).code !== FOREIGN_KEY_VIOLATION) throw error
      const {count, examples} = await orphansOf(key, await shapeOf(source, key), target)
      throw failed(
        'foreign_key_violated',
        `${count} rows of ${key.table} violate the foreign key ${key.name}, on the source as well: ${examples}`,
        'mend or delete these rows on the source',
        'or drop the constraint there and add it again NOT VALID',
      )
    }
  }

  const lane = (work: (session: Session) => Promise<void>) =>
    target.session(
      async (session) => {
        await prepareToBuild(session, buildMemory)
        await work(session)
      },
      {disposable: true},
    )
  await lane(async (session) => {
    for (const {add} of apart) await execute(session, {...add, sql: notValid(add.sql)}, ALREADY_THERE)
  })

  const tables = [...new Set(apart.filter(({add}) => !isNotValid(add.sql)).map(({table}) => table))]
  const validating = Array.from({length: Math.min(jobs, tables.length)}, () =>
    lane(async (session) => {
      for (let table = tables.shift(); table; table = tables.shift()) {
        for (const key of apart.filter((other) => other.table === table && !isNotValid(other.add.sql))) {
          signal.throwIfAborted()
          await orphansNamed(key, session.query(`alter table ${table} validate constraint ${key.name}`))
        }
      }
    }),
  )
  for (const result of await Promise.allSettled(validating)) if (result.status === 'rejected') throw result.reason
  await lane(async (session) => {
    for (const key of whole) {
      signal.throwIfAborted()
      await orphansNamed(key, execute(session, key.add, ALREADY_THERE))
    }
  })
}

const isNotValid = (sql: string): boolean => /\sNOT VALID$/.test(sql)
const notValid = (sql: string): string => (isNotValid(sql) ? sql : `${sql} NOT VALID`)

const SHOWN = 5

interface Shape {
  to: string
  columns: string[]
  /** Conditions on `near`, the row that points, and `far`, the row it points to. */
  match: string[]
}

async function shapeOf(source: Queryable, {table, name}: ForeignKey): Promise<Shape> {
  const [shape] = await source.query<Shape>(
    `select k.confrelid::regclass::text as to,
       (select json_agg(quote_ident(a.attname) order by p.nth) from unnest(k.conkey) with ordinality p (num, nth)
          join pg_attribute a on a.attrelid = k.conrelid and a.attnum = p.num) as columns,
       (select json_agg(format('far.%I = near.%I', f.attname, a.attname) order by p.nth)
          from unnest(k.conkey, k.confkey) with ordinality p (num, far, nth)
          join pg_attribute a on a.attrelid = k.conrelid and a.attnum = p.num
          join pg_attribute f on f.attrelid = k.confrelid and f.attnum = p.far) as match
     from pg_constraint k where k.conrelid = $1::regclass and format('"%s"', replace(k.conname, '"', '""')) = $2 and k.contype = 'f'`,
    [table, name],
  )
  return shape!
}

async function orphansOf({table}: ForeignKey, {to, columns, match}: Shape, target: Queryable) {
  const near = columns.map((column) => `near.${column}`)
  const orphans = `from ${table} near where ${near.map((column) => `${column} is not null`).join(' and ')}
    and not exists (select from ${to} far where ${match.join(' and ')})`
  const [total] = await target.query<{count: string}>(`select count(*)::text as count ${orphans}`)
  const rows = await target.query<{value: string}>(
    `select concat_ws(', ', ${near.map((column) => `${column}::text`).join(', ')}) as value ${orphans} limit ${SHOWN}`,
  )
  const more = Number(total!.count) > SHOWN ? ', …' : ''
  return {
    count: total!.count,
    examples: `(${columns.join(', ')}) = ${rows.map(({value}) => `(${value})`).join(', ')}${more}`,
  }
}
