import {allEnded} from '../flow/all-ended.js'
import {failed} from '../ports/errors.js'
import type {Database, Queryable, Session} from '../ports/ports.js'
import {inBuildingSession} from './build-indexes.js'
import {appSearchPath} from '../postgres/app-search-path.js'
import {capacityOf} from '../postgres/capacity.js'
import {executeAll, type Together} from './execute.js'
import type {ForeignKey} from './post-data.js'
import type {Statement} from './sql-lexer.js'
import {codeOf, FOREIGN_KEY_VIOLATION} from '../postgres/sqlstate.js'

interface Sides {
  source: Database
  target: Database
}

/**
 * Statements that make every write obey the foreign keys from now on, without looking at the rows that are there – and the keys of
 * partitioned tables, which can only be added whole: NOT VALID is refused there, or not made good in the partitions by VALIDATE.
 */
export function enforcing(keys: readonly ForeignKey[]): [plain: Statement[], partitioned: ForeignKey[]] {
  const plain = keys.filter(({partitioned}) => !partitioned)
  return [plain.map(({add}) => ({...add, sql: notValid(add.sql)})), keys.filter(({partitioned}) => partitioned)]
}

/** Adds keys of partitioned tables; an error tells how many rows violate one, and how to see them. */
export async function addPartitioned(sides: Sides, keys: readonly ForeignKey[], how: Together): Promise<void> {
  for (const key of keys) {
    how.signal?.throwIfAborted()
    await orphansTold(sides, key, executeAll(sides.target, [key.add], how))
  }
}

/**
 * Validates foreign keys that are enforced, under locks that let reads and writes pass and the keys of other tables be
 * validated at the same time. A key that is not valid on the source stays so. Returns how many there were. Where nobody else uses the
 * target, many go in one message, which keeps the locks of all.
 */
export async function validateForeignKeys(
  sides: Sides,
  keys: readonly ForeignKey[],
  {signal, nobodyWaits = false}: {signal: AbortSignal; nobodyWaits?: boolean},
): Promise<number> {
  const open = keys.filter(({add, partitioned}) => !partitioned && !isNotValid(add.sql))
  const {jobs, buildMemory} = await capacityOf({from: sides.source, to: sides.target})
  const left = sharedOut(open, jobs)
  const validate = nobodyWaits ? validateTogether : validateEach
  const lane = () =>
    inBuildingSession(sides, buildMemory, async (session) => {
      for (let some = left.shift(); some; some = left.shift()) {
        signal.throwIfAborted()
        await validate(sides, session, some, signal)
      }
    })
  await allEnded(Array.from({length: Math.min(jobs, left.length)}, lane))
  return open.length
}

const MOST_IN_ONE_MESSAGE = 50
/** Shares of the work for each lane, so that all end at about the same time. */
const SHARES = 8

/** Those of one table stay together: its lock keeps two sessions from validating at the same time. */
function sharedOut(keys: readonly ForeignKey[], jobs: number): ForeignKey[][] {
  const enough = Math.min(MOST_IN_ONE_MESSAGE, Math.ceil(keys.length / (jobs * SHARES)))
  const byTable = new Map<string, ForeignKey[]>()
  for (const key of keys) byTable.set(key.table, [...(byTable.get(key.table) ?? []), key])
  const shares: ForeignKey[][] = []
  for (const own of byTable.values()) {
    const last = shares.at(-1)
    if (last && last.length < enough) last.push(...own)
    else shares.push(own)
  }
  return shares
}

const validation = ({table, name}: ForeignKey): string => `alter table ${table} validate constraint ${name}`

type Validate = (sides: Sides, session: Session, keys: readonly ForeignKey[], signal: AbortSignal) => Promise<void>

const validateTogether: Validate = async (sides, session, keys, signal) => {
  try {
    await session.query(keys.map(validation).join('; '))
  } catch (error) {
    if (codeOf(error) !== FOREIGN_KEY_VIOLATION) throw error
    await validateEach(sides, session, keys, signal)
  }
}

const validateEach: Validate = async (sides, session, keys, signal) => {
  for (const key of keys) {
    signal.throwIfAborted()
    await orphansTold(sides, key, session.query(validation(key)))
  }
}

/** Rows that point to nothing exist where a source's triggers were once off, or its indexes were corrupt. */
async function orphansTold({source, target}: Sides, key: ForeignKey, validation: Promise<unknown>): Promise<void> {
  try {
    await validation
  } catch (error) {
    if (codeOf(error) !== FOREIGN_KEY_VIOLATION) throw error
    const shape = await shapeOf(source, key)
    const path = await appSearchPath(source)
    const orphans = orphansOf(key, shape)
    const {count} = await target.transaction(
      (session) => session.queryOne<{count: string}>(`select count(*)::text as count ${orphans}`),
      {path},
    )
    throw failed(
      'foreign_key_violated',
      `${count} rows of ${key.table} violate the foreign key ${key.name}, on the source as well`,
      `to see them on the source: select near.* ${orphans}`,
      'correct or delete these rows there',
      'or drop the constraint there and add it again NOT VALID',
    )
  }
}

const isNotValid = (sql: string): boolean => /\sNOT VALID$/.test(sql)
const notValid = (sql: string): string => (isNotValid(sql) ? sql : `${sql} NOT VALID`)

interface Shape {
  to: string
  columns: string[]
  /** Conditions on `near`, the row that points, and `far`, the row it points to. */
  match: string[]
}

async function shapeOf(source: Queryable, {table, name}: ForeignKey): Promise<Shape> {
  const shape = await source.queryOne<Shape>(
    `select k.confrelid::regclass::text as to,
       (select json_agg(quote_ident(a.attname) order by p.nth)
        from unnest(k.conkey) with ordinality p (num, nth)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = p.num) as columns,
       (select json_agg(format('far.%I = near.%I', f.attname, a.attname) order by p.nth)
        from unnest(k.conkey, k.confkey) with ordinality p (num, far, nth)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = p.num
        join pg_attribute f on f.attrelid = k.confrelid and f.attnum = p.far) as match
     from pg_constraint k
     where k.conrelid = $1::regclass
       and format('"%s"', replace(k.conname, '"', '""')) = $2
       and k.contype = 'f'`,
    [table, name],
  )
  return shape
}

/** SQL, from its FROM on, for the rows that point to nothing. */
function orphansOf({table}: ForeignKey, {to, columns, match}: Shape): string {
  const points = columns.map((column) => `near.${column} is not null`).join(' and ')
  return `from ${table} near where ${points} and not exists (select from ${to} far where ${match.join(' and ')})`
}
