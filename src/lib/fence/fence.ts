import {createHash, randomBytes} from 'node:crypto'

import {batchesOf} from '../flow/batches.js'
import type {Question} from '../postgres/answers.js'
import {type Guard, identifier, literal, MAKE_OWN_SCHEMA, OWN_SCHEMA} from '../postgres/catalog.js'
import type {Database, Queryable, Session} from '../ports/ports.js'
import {alterTables, doneWhereFree, lockedAtOnce, type Patience, withTableLock} from '../postgres/table-lock.js'
import {listTables, type TableName, askTables} from '../postgres/tables.js'

/*
 * The fence: one BEFORE statement trigger on every table, all on one function. Replacing that function raises or lowers
 * the whole fence in about a millisecond, seen by open sessions, prepared statements and old snapshots alike. A
 * session that holds the pass – a setting of which the function knows only the hash – can write.
 */

export const FENCE_TRIGGER = 'heroku_rds_fence'
const FENCE = `${OWN_SCHEMA}.fence()`
const RAISED = '-- heroku-plugin-rds fence: raised'
const LOWERED = '-- heroku-plugin-rds fence: lowered'

export type FenceState = 'absent' | 'lowered' | 'raised'

/** A pass through the fence; it opens nothing else. */
export const newPass = (): string => randomBytes(16).toString('hex')

const PASS = `${OWN_SCHEMA}.pass`
const KEY = `${OWN_SCHEMA}.key`

/**
 * SQL that lets a transaction of this database, to be begun now, write through a raised fence. Others can read statements: the pass itself is
 * not in it.
 */
export function passingFence(db: Database, pass: string): string {
  db.carry({[KEY]: pass})
  return `select set_config('${PASS}', current_setting('${KEY}'), true)`
}

/** Lets the transaction that the session is in write through a raised fence. */
export async function passFence(session: Session, pass: string): Promise<void> {
  await session.query(`select set_config('${PASS}', $1, true)`, [pass])
}

const STATE = `coalesce((
  select case when strpos(p.prosrc, '${RAISED}') > 0 then 'raised' else 'lowered' end
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  where n.nspname = '${OWN_SCHEMA}' and p.proname = 'fence'), 'absent')`

export const FENCE_STATE: Question<FenceState> = {query: `select to_json(${STATE})`}

export const fenceState = async (db: Queryable): Promise<FenceState> =>
  (await db.queryOne<{state: FenceState}>(`select ${STATE} as state`)).state

/** SQL after which another pass opens a fence that is raised, and the one before does not. */
export const changingPass = (from: string, to: string): string =>
  `do ${literal(`declare body text := (select p.prosrc from pg_proc p where p.oid = to_regprocedure('${FENCE}'));
  begin
    if strpos(body, '${RAISED}') > 0 then
      execute format(
        'create or replace function ${FENCE} returns trigger language plpgsql set search_path = pg_catalog as %L',
        replace(body, '${hashOf(from)}', '${hashOf(to)}'));
    end if;
  end`)}`

/** SQL that lowers a fence that is there. */
export const LOWER_FENCE = `create or replace function ${FENCE} returns trigger language plpgsql as
  ${literal(`${LOWERED}\nbegin return null; end`)}`

/** How a fence is raised. */
export interface Closed {
  pass: string
  message: string
  /** The worker of a subscription passes: what it applies is the source's. A TRUNCATE is all of it that meets a fence. */
  subscribed?: boolean
}

const IS_WORKER = `(select backend_type from pg_stat_get_activity(pg_backend_pid())) like 'logical replication %'`

const hashOf = (pass: string): string => createHash('sha256').update(pass).digest('hex')

const raisedFunction = ({pass, message, subscribed = false}: Closed): string => {
  const hash = hashOf(pass)
  const body = `${RAISED}
    begin
      if encode(sha256(convert_to(coalesce(current_setting('${OWN_SCHEMA}.pass', true), ''), 'UTF8')), 'hex')
        = '${hash}'${subscribed ? ` or ${IS_WORKER}` : ''} then
        return null;
      end if;
      raise exception using errcode = 'read_only_sql_transaction',
        message = format('%s on %I.%I refused: %s', tg_op, tg_table_schema, tg_table_name, ${literal(message)}),
        hint = 'Nothing was written. Try again later; heroku rds:status shows where the migration stands.';
    end`
  return `create or replace function ${FENCE} returns trigger language plpgsql set search_path = pg_catalog
    as ${literal(body)}`
}

/** Creates the function, lowered unless it is given a pass: then nothing without that pass can ever have got through. */
export async function createFence(db: Queryable, closed?: Closed, guard: Guard = ''): Promise<void> {
  await db.query(`${guard}; ${closed ? closing(closed) : `${MAKE_OWN_SCHEMA}; ${LOWER_FENCE}`}`)
}

/** SQL that makes the function where it is not there, and raises the fence. */
export const closing = (closed: Closed): string => `${MAKE_OWN_SCHEMA}; ${raisedFunction(closed)}`

export async function raiseFence(db: Queryable, pass: string, message: string, guard: Guard = ''): Promise<void> {
  await db.query(`${guard}; ${raising({pass, message})}`)
}

/** SQL that raises a fence that is there. */
export const raising = (closed: Closed): string => raisedFunction(closed)

export async function lowerFence(db: Queryable, guard: Guard = ''): Promise<void> {
  await db.query(`${guard}; ${LOWER_FENCE}`)
}

const LACKS_FENCE = `not exists (
    select from pg_trigger t
    where t.tgrelid = c.oid and t.tgname = '${FENCE_TRIGGER}' and t.tgenabled = 'A')`

/** Tables without an always-firing fence trigger. A row can be written to each: a statement fires only the triggers of the table it names. */
export const UNFENCED = askTables({columns: '', where: LACKS_FENCE})

/** The same, asked. */
export async function unfencedTables(db: Queryable): Promise<TableName[]> {
  const tables = await listTables(db, {columns: '', where: LACKS_FENCE})
  return tables.map(({name}) => name)
}

const fencing = (name: TableName): string => `
      drop trigger if exists ${FENCE_TRIGGER} on ${name};
      create trigger ${FENCE_TRIGGER} before insert or update or delete or truncate on ${name}
        for each statement execute function ${FENCE};
      alter table ${name} enable always trigger ${FENCE_TRIGGER}`

/** Puts the trigger on every table that lacks it, in the transaction that has created them: none was ever outside a fence that is there. */
export async function fenceCreated(session: Session): Promise<void> {
  if ((await fenceState(session)) === 'absent') return
  for (const some of batchesOf(await unfencedTables(session), LOCKS)) await session.query(some.map(fencing).join(';'))
}

/** Puts the trigger on every table that lacks it; returns how many these were. */
export async function fenceTables(
  db: Database,
  patience: Patience,
  guard: Guard = '',
  lacking?: readonly TableName[],
): Promise<number> {
  const tables = lacking ?? (await unfencedTables(db))
  const work = tables.map((name) => ({name, statements: fencing(name)}))
  await alterTables(db, patience, work, guard)
  return tables.length
}

/** Takes the triggers and the function away again. */
export async function removeFence(db: Database, patience: Patience, guard: Guard = ''): Promise<void> {
  const rows = await db.query<{schema: string; name: string}>(`
    select n.nspname as schema, c.relname as name
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where t.tgname = '${FENCE_TRIGGER}'`)
  const work = rows
    .map(({schema, name}) => identifier(schema, name))
    .map((name) => ({name, statements: `drop trigger if exists ${FENCE_TRIGGER} on ${name}`}))
  await alterTables(db, patience, work, guard)
  await db.query(`${guard}; drop function if exists ${FENCE}`)
}

/** Tables locked at once: a server keeps room for 64 locks of each of its connections; the fewer where it had none left. */
const [LOCKS, FEW_LOCKS] = [500, 50]
const AGAINST_WRITERS = 'share row exclusive'

/** Everything that the barrier locks. */
export const WRITABLE = askTables({columns: ''})

/**
 * The barrier: once every table has been locked against writers after the fence was raised, every earlier writer has committed or ended,
 * and every later one meets the fence. Where a lock is not to be had at once, those that are free first and the rest one by one.
 */
export async function passBarrier(db: Database, patience: Patience, tables?: readonly TableName[]): Promise<void> {
  const lock = (some: readonly TableName[]) =>
    `lock table ${some.map((table) => `only ${table}`).join(', ')} in ${AGAINST_WRITERS} mode`
  const all = tables ?? (await listTables(db, {columns: ''})).map(({name}) => name)
  for (const some of batchesOf(all, LOCKS)) {
    if (await lockedAtOnce(db, lock(some))) continue
    for (const few of batchesOf(some, FEW_LOCKS)) {
      const work = few.map((name) => ({name, statements: ''}))
      for (const busy of await doneWhereFree(db, work, {mode: AGAINST_WRITERS}))
        await withTableLock(db, patience, busy, lock([busy]))
    }
  }
}

declare module '../journal/notes.js' {
  interface Notes {
    /** Opens the tool's own fences; no credential of the app's. */
    fenceKey: string
  }
}
