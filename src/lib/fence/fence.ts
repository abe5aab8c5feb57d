import {createHash, randomBytes} from 'node:crypto'

import {batchesOf} from '../flow/batches.js'
import {type Guard, identifier, literal, OWN_SCHEMA} from '../postgres/catalog.js'
import type {Database, Queryable, Session} from '../ports/ports.js'
import {lockedAtOnce, type Patience, withTableLock} from '../postgres/table-lock.js'
import {type Table, writableTables} from '../postgres/tables.js'

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

/** SQL that lets this transaction write through a raised fence. */
export const passingFence = (pass: string): string => `select set_config('${OWN_SCHEMA}.pass', ${literal(pass)}, true)`

/** The same, done. */
export async function passFence(session: Session, pass: string): Promise<void> {
  await session.query(passingFence(pass))
}

export async function fenceState(db: Queryable): Promise<FenceState> {
  const [row] = await db.query<{source: string}>(`
    select p.prosrc as source from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = '${OWN_SCHEMA}' and p.proname = 'fence'`)
  if (!row) return 'absent'
  return row.source.includes(RAISED) ? 'raised' : 'lowered'
}

const loweredFunction = `create or replace function ${FENCE} returns trigger language plpgsql as
  ${literal(`${LOWERED}\nbegin return null; end`)}`

/** How a fence is raised. */
export interface Closed {
  pass: string
  message: string
  /** The worker of a subscription passes: what it applies is the source's. A TRUNCATE is all of it that meets a fence. */
  subscribed?: boolean
}

const IS_WORKER = `(select backend_type from pg_stat_get_activity(pg_backend_pid())) like 'logical replication %'`

const raisedFunction = ({pass, message, subscribed = false}: Closed): string => {
  const hash = createHash('sha256').update(pass).digest('hex')
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
  const body = closed ? raisedFunction(closed) : loweredFunction
  await db.query(`${guard}; create schema if not exists ${OWN_SCHEMA}; ${body}`)
}

export async function raiseFence(db: Queryable, pass: string, message: string, guard: Guard = ''): Promise<void> {
  await db.query(`${guard}; ${raisedFunction({pass, message})}`)
}

export async function lowerFence(db: Queryable, guard: Guard = ''): Promise<void> {
  await db.query(`${guard}; ${loweredFunction}`)
}

/** Tables without an always-firing fence trigger. */
export async function unfencedTables(db: Queryable): Promise<Table[]> {
  const fenced = await db.query<{oid: string}>(`
    select tgrelid::text as oid from pg_trigger where tgname = '${FENCE_TRIGGER}' and tgenabled = 'A'`)
  const oids = new Set(fenced.map(({oid}) => oid))
  return (await writableTables(db)).filter(({oid}) => !oids.has(oid))
}

/** Puts the trigger on every table that lacks it. */
export async function fenceTables(db: Database, patience: Patience, guard: Guard = ''): Promise<number> {
  const tables = await unfencedTables(db)
  for (const table of tables) {
    const statements = `
      drop trigger if exists ${FENCE_TRIGGER} on ${table.name};
      create trigger ${FENCE_TRIGGER} before insert or update or delete or truncate on ${table.name}
        for each statement execute function ${FENCE};
      alter table ${table.name} enable always trigger ${FENCE_TRIGGER}`
    await withTableLock(db, patience, table.name, `${guard}; ${statements}`)
  }
  return tables.length
}

/** Takes the triggers and the function away again. */
export async function removeFence(db: Database, patience: Patience, guard: Guard = ''): Promise<void> {
  const rows = await db.query<{schema: string; name: string}>(`
    select n.nspname as schema, c.relname as name
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where t.tgname = '${FENCE_TRIGGER}'`)
  for (const {schema, name} of rows) {
    const table = identifier(schema, name)
    await withTableLock(db, patience, table, `${guard}; drop trigger if exists ${FENCE_TRIGGER} on ${table}`)
  }
  await db.query(`${guard}; drop function if exists ${FENCE}`)
}

/** Tables locked at once: a server keeps room for 64 locks of each of its connections. */
const LOCKS = 500

/**
 * The barrier: once every table has been locked against writers after the fence was raised, every earlier writer has committed or ended,
 * and every later one meets the fence. Where a lock is not to be had at once, table by table.
 */
export async function passBarrier(db: Database, patience: Patience): Promise<void> {
  const lock = (tables: readonly string[]) =>
    `lock table ${tables.map((table) => `only ${table}`).join(', ')} in share row exclusive mode`
  const tables = (await writableTables(db)).map(({name}) => name)
  for (const some of batchesOf(tables, LOCKS)) {
    if (await lockedAtOnce(db, lock(some))) continue
    for (const table of some) await withTableLock(db, patience, table, lock([table]))
  }
}

declare module '../journal/notes.js' {
  interface Notes {
    /** Opens the tool's own fences; no credential of the app's. */
    fenceKey: string
  }
}
