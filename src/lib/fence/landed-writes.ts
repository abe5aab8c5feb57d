import {batchesOf} from '../flow/batches.js'
import type {Question} from '../postgres/answers.js'
import {type Guard, identifier, OWN_SCHEMA} from '../postgres/catalog.js'
import {alterTables, doneWhereFree, type Patience} from '../postgres/table-lock.js'
import type {Database, Queryable} from '../ports/ports.js'
import {listTables, type TableName, askTables} from '../postgres/tables.js'

/*
 * The only sound answer to "have writes landed on RDS?": triggers, installed while nobody can write, that log each
 * statement's effect in its own transaction. Log positions and statistics also move for reads, vacuum and rolled-back work.
 */

const OPERATIONS = [
  {operation: 'insert', transition: 'referencing new table as changed'},
  {operation: 'update', transition: 'referencing new table as changed'},
  {operation: 'delete', transition: 'referencing old table as changed'},
  {operation: 'truncate', transition: ''},
] as const

const triggerName = (operation: string) => `${OWN_SCHEMA}_note_${operation}`

/** In the source of `note_write()` while it notes nothing. */
export const NOTES_NOTHING = '-- heroku-plugin-rds log of landed writes: off'

/** Writes belong to the sync after which they came: what was proven at it, or before, is proven no more. */
export const CREATE_LOG = `
  create table if not exists ${OWN_SCHEMA}.landed_writes (
    id bigint generated always as identity, relation text not null, operation text not null, rows bigint,
    landed_at timestamptz not null default clock_timestamp());
  alter table ${OWN_SCHEMA}.landed_writes add column if not exists sync bigint not null default 0`

const noteWrite = (body: string): string =>
  `create or replace function ${OWN_SCHEMA}.note_write() returns trigger language plpgsql security definer
    set search_path = pg_catalog
    as $$${body}$$`

const OFF = noteWrite(`${NOTES_NOTHING}
    begin return null; end`)

const ON = noteWrite(`
    declare touched bigint;
    begin
      if tg_op <> 'TRUNCATE' then
        select count(*) into touched from changed;
        if touched = 0 then return null; end if;
      end if;
      insert into ${OWN_SCHEMA}.landed_writes (relation, operation, rows, sync)
        values (format('%I.%I', tg_table_schema, tg_table_name), lower(tg_op), touched,
          coalesce((select nth from ${OWN_SCHEMA}.sync_state), 0));
      return null;
    end`)

const createTriggers = (table: TableName): string =>
  [
    ...OPERATIONS.flatMap(({operation, transition}) => [
      `drop trigger if exists ${triggerName(operation)} on ${table}`,
      `create trigger ${triggerName(operation)} after ${operation} on ${table} ${transition}
         for each statement execute function ${OWN_SCHEMA}.note_write()`,
    ]),
    `alter table ${table}
       ${OPERATIONS.map(({operation}) => `enable always trigger ${triggerName(operation)}`).join(', ')}`,
  ].join(';')

const LACKS_TRIGGERS = `(
    select count(*)
    from pg_trigger t
    where t.tgrelid = c.oid and t.tgname like '${OWN_SCHEMA}_note_%' and t.tgenabled = 'A') <> ${OPERATIONS.length}`

/** Tables that lack one of the four triggers, or on which one does not always fire. */
export const UNWATCHED = askTables({columns: '', where: LACKS_TRIGGERS})

/** The same, asked. */
export async function unwatchedTables(db: Queryable): Promise<TableName[]> {
  const tables = await listTables(db, {columns: '', where: LACKS_TRIGGERS})
  return tables.map(({name}) => name)
}

/** Tables altered in one message; no other session waits for their locks. */
const BATCH = 100

/**
 * Puts on every table the triggers, on a function that notes nothing yet: the window then has only to replace that, which
 * waits for nobody's lock. A table that is locked is skipped.
 */
export async function prepareToWatch(db: Database, guard: Guard): Promise<void> {
  await db.query(`${guard}; ${CREATE_LOG}; ${OFF}`)
  const work = (await unwatchedTables(db)).map((name) => ({name, statements: createTriggers(name)}))
  for (const some of batchesOf(work, BATCH)) await doneWhereFree(db, some, {guard})
}

/** SQL that makes every table log its writes that has the triggers. Execute it while a fence keeps everyone out. */
export const WATCH = `${CREATE_LOG}; ${ON}`

/** Puts the triggers on tables; nobody else may be able to use them. */
export async function watchTables(db: Database, tables: readonly TableName[], guard: Guard): Promise<void> {
  for (const some of batchesOf(tables, BATCH)) await db.query(`${guard}; ${some.map(createTriggers).join(';')}`)
}

/** Takes triggers and log off again. */
export async function stopWatching(db: Database, patience: Patience): Promise<void> {
  const rows = await db.query<{schema: string; table: string; names: string[]}>(`
    select n.nspname as schema, c.relname as table, json_agg(t.tgname) as names
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where t.tgname like '${OWN_SCHEMA}_note_%' and t.tgparentid = 0 group by 1, 2`)
  const work = rows.map(({schema, table, names}) => {
    const name = identifier(schema, table)
    return {name, statements: names.map((trigger) => `drop trigger if exists ${trigger} on ${name}`).join('; ')}
  })
  await alterTables(db, patience, work, '')
  await db.query(`drop function if exists ${OWN_SCHEMA}.note_write(); drop table if exists ${OWN_SCHEMA}.landed_writes`)
}

export interface LandedWrites {
  relation: string
  operation: string
  /** Rows touched, as text; null for a truncate. */
  rows: string | null
}

/** `after`: SQL. */
const since = (after: string): string => `
  select relation, operation, sum(rows)::text as rows
  from ${OWN_SCHEMA}.landed_writes
  where id > (${after})
  group by relation, operation
  order by relation, operation`

/** What was written since the log entry `after`, by table and operation. Empty proves that nothing was. */
export const landedSince = (after: string): Question<LandedWrites[]> => landedAfter(`${BigInt(after)}`)

/** The same, where SQL tells the entry; none where it tells none. */
export const landedAfter = (sql: string): Question<LandedWrites[]> => ({
  query: `select coalesce(json_agg(landed), '[]') from (${since(sql)}) landed`,
})

/** The newest log entry, as text; `0` when there is none. */
export const LAST_LANDED: Question<string> = {
  query: `select to_json(coalesce(max(id), 0)::text) from ${OWN_SCHEMA}.landed_writes`,
}

/** `public.orders: insert of 12 rows, public.lines: truncate`. */
export const describeWrites = (writes: readonly LandedWrites[]): string =>
  writes
    .map(({relation, operation, rows}) => `${relation}: ${operation}${rows === null ? '' : ` of ${rows} rows`}`)
    .join(', ')
