import {failed, messageOf, unverified} from '../ports/errors.js'
import type {Database, Session} from '../ports/ports.js'
import type {Question} from '../postgres/answers.js'
import {identifier, OWN_SCHEMA} from '../postgres/catalog.js'
import {isLostConnection} from '../postgres/lost-connection.js'
import {functionsIn} from '../postgres/error-text.js'
import {codeOf, DEADLOCK_DETECTED, LOCK_NOT_AVAILABLE} from '../postgres/sqlstate.js'
import {askTables, type Listed, named, type TableName} from '../postgres/tables.js'
import {rolledBackAsTheApp} from './as-the-app.js'

/** Largest tables that are tried: all in one round trip, but for those that refuse. */
const TABLES_TRIED = 20

/** On the source, where the app may be running, nothing is waited for. */
const BRIEFLY = `set local lock_timeout = '1s'; set local statement_timeout = '15s'`
const TRIES_OF_SOURCE = 5
const BUSY = new Set([DEADLOCK_DETECTED, LOCK_NOT_AVAILABLE])

/** One row of a table, written back onto itself. */
interface SelfUpdate {
  table: TableName
  sql: string
}

export interface Tried {
  /** Tables that took their row back. */
  written: number
  /** Tables that refuse such a statement on the source as well, each with the rule that does. */
  ruled: string[]
}

interface Sides {
  source: Database
  target: Database
  signal: AbortSignal
}

/**
 * Writes one row of each of the largest tables of the target back onto itself, and rolls it back: triggers, constraints, rules, policies
 * and rights all take part, deferred ones too. What the target refuses is judged by the same statement on the source, which is asked
 * only then, because the app's code may do what no rollback takes back: the same SQLSTATE there is a rule of the app's, anything else fails.
 */
export async function trySelfUpdates(
  {source, target, signal}: Sides,
  fencePass: string,
  tables: readonly Filled[],
): Promise<Tried> {
  const updates = tables.slice(0, TABLES_TRIED).map(selfUpdate)
  const refused = await refusals(target, {fencePass, signal}, updates)
  const onSource = await refusalsOfSource(source, {fencePass, signal}, [...refused.keys()])
  const ruled: string[] = []
  for (const [update, error] of refused) {
    const sameThere = onSource.get(update)
    if (sameThere === undefined || codeOf(sameThere) !== codeOf(error)) throw writeRefused(update, error, sameThere)
    ruled.push(`${update.table} by ${ruleOf(error) ?? 'a rule that Postgres does not name'}`)
  }
  return {written: updates.length - refused.size, ruled}
}

type Filled = Listed<{column: string; key: string[] | null}>

/** Tables that have rows, the largest first. Each has a column that can be written to, and a key if it has a primary key or another unique index. */
export const FILLED_TABLES: Question<Filled[]> = askTables({
  columns: 'a.attname as column, k.key',
  join: `
      cross join lateral (
        select a.attname
        from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
          and a.attgenerated = '' and a.attidentity <> 'a'
        order by a.attnum
        limit 1) a
      cross join lateral (
        select json_agg(key.attname order by p.nth) as key
        from (
          select i.indkey[0:i.indnkeyatts - 1]::int2[] as columns
          from pg_index i
          where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
          order by i.indisprimary desc, i.indnkeyatts, i.indkey::text
          limit 1) i
        cross join lateral unnest(i.columns) with ordinality p (num, nth)
        join pg_attribute key on key.attrelid = c.oid and key.attnum = p.num) k`,
  where: `c.relkind = 'r' and pg_relation_size(c.oid) > 0`,
  orderBy: 'pg_table_size(c.oid) desc, 1, 2',
})

/** With a key, which row it is does not depend on where the table's rows lie: the same on both sides. */
function selfUpdate(filled: Filled): SelfUpdate {
  const {name: table, column, key} = named(filled)
  const order = key ? ` order by ${key.map((part) => `r.${identifier(part)}`).join(', ')}` : ''
  const [name, row] = [identifier(column), `select r.ctid from only ${table} r${order} limit 1`]
  const sql = `update only ${table} set ${name} = ${name} where ctid operator(pg_catalog.=) (${row})`
  return {table, sql}
}

/** The errors of those that are refused. */
async function refusals(
  db: Database,
  {fencePass, signal}: {fencePass: string; signal: AbortSignal},
  updates: readonly SelfUpdate[],
): Promise<Map<SelfUpdate, unknown>> {
  const refused = new Map<SelfUpdate, unknown>()
  const tryAll = async (session: Session) => {
    for (let next = 0; next < updates.length;) {
      const attempts = updates.slice(next).map((update, i) => attempt(update, next + i))
      try {
        await session.query(attempts.join('; '))
        return
      } catch (error) {
        signal.throwIfAborted()
        if (isLostConnection(error)) throw error
        const {nth} = await session.queryOne<{nth: string}>(WHICH_REFUSED)
        refused.set(updates[Number(nth)]!, error)
        next = Number(nth) + 1
      }
    }
  }
  if (updates.length > 0) await rolledBackAsTheApp(db, fencePass, tryAll, db.side === 'source' ? BRIEFLY : '')
  return refused
}

const TRYING = `${OWN_SCHEMA}.trying`

/** Deferred triggers and constraints speak before the rollback. Which of many statements failed is told by a setting made before its savepoint. */
const attempt = ({sql}: SelfUpdate, nth: number): string =>
  `set local ${TRYING} = '${nth}';
   savepoint trying;
   ${sql};
   set constraints all immediate;
   rollback to savepoint trying;
   release savepoint trying`

const WHICH_REFUSED = `
  rollback to savepoint trying;
  release savepoint trying;
  select pg_catalog.current_setting('${TRYING}') as nth`

/** A row that the app holds locked is tried again a few times. */
async function refusalsOfSource(
  source: Database,
  how: {fencePass: string; signal: AbortSignal},
  updates: readonly SelfUpdate[],
): Promise<Map<SelfUpdate, unknown>> {
  const refused = new Map<SelfUpdate, unknown>()
  let open = [...updates]
  for (let tries = 1; open.length > 0; tries++) {
    const now = await refusals(source, how, open)
    for (const [update, error] of now) refused.set(update, error)
    open = open.filter((update) => BUSY.has(codeOf(now.get(update))))
    if (open.length > 0 && tries === TRIES_OF_SOURCE)
      throw unverified(
        'source_busy',
        `the target refuses to have a row of ${open[0]!.table} written; what the source says is not known, because the app holds that row locked: ${messageOf(refused.get(open[0]!))}`,
        'run the same command again',
      )
  }
  return refused
}

const writeRefused = ({table}: SelfUpdate, error: unknown, onSource: unknown) => {
  const rule = ruleOf(error)
  const otherwise = onSource === undefined ? 'accepts it' : `refuses it for another reason (${messageOf(onSource)})`
  return failed(
    'write_refused',
    `${table}: the target refuses to have a row written back onto itself${rule === undefined ? '' : `, by ${rule}`}: ${messageOf(error)}; the source ${otherwise}`,
    'give the target what it lacks with heroku rds:psql: a setting, an extension or a role that the rule rests on',
    'or change the rule so that it holds on both databases, and run the same command again',
  )
}

/** The constraint, or the function of a trigger, that raised an error; undefined where Postgres names none. */
function ruleOf(error: unknown): string | undefined {
  const {constraint, where = ''} = error as {constraint?: string; where?: string}
  if (constraint !== undefined) return `constraint ${identifier(constraint)}`
  return functionsIn(where)[0]?.replace(/^\S+ (function .+?) (line|statement|during) .*$/, '$1')
}
