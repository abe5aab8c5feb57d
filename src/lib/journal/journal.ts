import {answersOf, type Question, type Questions} from '../postgres/answers.js'
import {dated, stateOf} from './journal-state.js'
import {type Guard, guardOn, literal, MAKE_OWN_SCHEMA, OWN_SCHEMA} from '../postgres/catalog.js'
import {refused} from '../ports/errors.js'
import type {Database, Ended, Journal, JournalRecords, JournalState, Queryable} from '../ports/ports.js'

/** Raised whenever an older plugin could misread what a newer one wrote. */
const VERSION = 1

/** What the whole migration is about; the first run writes it, every later one must agree. */
export interface MigrationRecord {
  app: string
  addonId: string
  addonName: string
  method: string
  /** System identifier and database of the source: a URL alone can lead elsewhere after a restore. */
  sourceIdentity: string
}

const SCHEMA = `
  ${MAKE_OWN_SCHEMA};
  create table if not exists ${OWN_SCHEMA}.version (version int not null);
  insert into ${OWN_SCHEMA}.version
    select ${VERSION}
    where not exists (select from ${OWN_SCHEMA}.version);
  create table if not exists ${OWN_SCHEMA}.migration (
    app text not null,
    addon_id text not null,
    addon_name text not null,
    method text not null,
    source_identity text not null,
    attempt int not null default 1,
    epoch bigint not null default 0,
    created_at timestamptz not null default clock_timestamp(),
    single boolean not null default true unique check (single));
  create table if not exists ${OWN_SCHEMA}.steps (
    id bigint generated always as identity,
    attempt int not null,
    step text not null,
    operator text not null,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    undone_at timestamptz,
    evidence text,
    primary key (attempt, step));
  alter table ${OWN_SCHEMA}.steps add column if not exists waits json;
  create table if not exists ${OWN_SCHEMA}.notes (
    attempt int not null,
    key text not null,
    value jsonb not null,
    primary key (attempt, key));
  create table if not exists ${OWN_SCHEMA}.lock_holder (
    operator text not null,
    command text not null,
    since timestamptz not null default clock_timestamp(),
    single boolean not null default true unique check (single))`

const MIGRATION: Questions<{version: number; migration: MigrationRecord}> = {
  version: {query: `select to_json(version) from ${OWN_SCHEMA}.version`},
  migration: {
    query: `
      select json_build_object(
        'app', app, 'addonId', addon_id, 'addonName', addon_name, 'method', method, 'sourceIdentity', source_identity)
      from ${OWN_SCHEMA}.migration`,
  },
}

/** Whether a migration has ever been begun on this target, without creating anything. `first`: SQL that goes along. */
export async function readMigration(target: Queryable, first?: string): Promise<MigrationRecord | undefined> {
  const {version, migration} = await answersOf(target, MIGRATION, first)
  if (version !== undefined && version > VERSION) {
    throw refused(
      'journal_too_new',
      `the journal on the target is of version ${version}; this plugin knows ${VERSION}`,
      'heroku plugins:update',
    )
  }
  return migration
}

/**
 * Creates the journal if need be, with the `tables` that others keep beside it, and writes what this migration is about, unless that is known. Where nothing is in effect any
 * more, another method may be taken.
 */
export async function beginMigration(
  target: Database,
  record: MigrationRecord,
  tables: readonly string[],
): Promise<MigrationRecord> {
  const {app, addonId, addonName, method, sourceIdentity} = record
  const begin = `
    insert into ${OWN_SCHEMA}.migration (app, addon_id, addon_name, method, source_identity)
    values (${[app, addonId, addonName, method, sourceIdentity].map(literal).join(', ')})
    on conflict (single) do update set method = excluded.method
    where not exists (
      select from ${OWN_SCHEMA}.steps s
      where s.attempt = migration.attempt and s.undone_at is null and s.step <> 'preflight')`
  return (await readMigration(target, [SCHEMA, ...tables, begin].join(';')))!
}

/** For changes on the target: only the latest operator makes them. */
export const targetGuard = (epoch: string): Guard => guardOn('migration', `epoch = ${Number(epoch)}`)

/** The epoch of the last operator who held the lock. */
export const EPOCH: Question<string> = {query: `select to_json(epoch::text) from ${OWN_SCHEMA}.migration`}

const attempt = `(select attempt from ${OWN_SCHEMA}.migration)`

/** SQL that leaves a note, for what has to go in one transaction with it. */
export const noting = (key: string, value: unknown): string => `
  insert into ${OWN_SCHEMA}.notes (attempt, key, value)
  values (${attempt}, ${literal(key)}, ${literal(JSON.stringify(value))})
  on conflict (attempt, key) do update set value = excluded.value`

/** Drops a journal that holds nothing but a preflight: a command that is refused has touched nothing. */
export async function dropUntouchedJournal(target: Database): Promise<void> {
  await target
    .query(
      `
    do $$ begin
      if pg_try_advisory_xact_lock(hashtext('${OWN_SCHEMA}'))
        and not exists (select from ${OWN_SCHEMA}.steps where step <> 'preflight') then
        drop schema ${OWN_SCHEMA} cascade;
      end if;
    end $$`,
    )
    .catch(() => undefined) // a target that cannot be reached any more keeps it; the next run finds it empty
}

/**
 * The journal of the migration begun on this target. An attempt whose every step is undone has ended: the next begins.
 * With an epoch, every write is refused once another operator has taken over; without one it is only read.
 */
export function journalOn(target: Database, operator: string, epoch?: string): Journal {
  const guard = targetGuard(epoch ?? '-1')
  const steps = `${OWN_SCHEMA}.steps`
  const read = async (keys?: readonly string[]): Promise<JournalState> => {
    const {state} = await target.queryOne<{state: JournalState}>(`select (${stateOf(keys)}) as state`)
    return dated(state)
  }
  /** In one message, which is one transaction. */
  const write = async (...statements: string[]): Promise<JournalRecords> => {
    const sql = [guard, ...statements, `select (${stateOf([])}) as state`].join(';')
    const {attempt: now, records} = dated((await target.queryOne<{state: JournalState}>(sql)).state)
    return {attempt: now, records}
  }
  const ending = ({step, evidence, waits, secondsAgo, notes = {}}: Ended): string[] => [
    ...Object.entries(notes).map(([key, value]) => noting(key, value)),
    `
    update ${steps}
    set finished_at = clock_timestamp() - make_interval(secs => ${secondsAgo}),
      evidence = ${literal(evidence)}, waits = ${literal(JSON.stringify(waits))}
    where attempt = ${attempt} and step = ${literal(step)}`,
  ]
  const after = (before: Ended | undefined): string[] => (before ? ending(before) : [])
  const setNote = async (key: string, value: unknown): Promise<void> => {
    await write(noting(key, value))
  }

  return {
    read,

    async assertHeld() {
      await target.query(guard)
    },

    started: (step, before) =>
      write(
        ...after(before),
        `insert into ${steps} (attempt, step, operator)
         values (${attempt}, ${literal(step)}, ${literal(operator)})
         on conflict (attempt, step) do update
         set undone_at = null, finished_at = null, evidence = null, waits = null,
           operator = excluded.operator,
           started_at = case
             when steps.undone_at is null and steps.finished_at is null then steps.started_at
             else excluded.started_at end`,
      ),

    finished: (ended) => write(...ending(ended)),

    foundDone: (step, before) =>
      write(
        ...after(before),
        `insert into ${steps} (attempt, step, operator, finished_at, evidence)
         values (${attempt}, ${literal(step)}, ${literal(operator)}, clock_timestamp(), 'found done')
         on conflict (attempt, step) do update
         set undone_at = null, finished_at = coalesce(steps.finished_at, excluded.finished_at),
           evidence = coalesce(steps.evidence, excluded.evidence)`,
      ),

    failed: (step, reason) =>
      write(
        `update ${steps} set evidence = ${literal(`failed: ${reason}`)}
         where attempt = ${attempt} and step = ${literal(step)}`,
      ),

    undone: (which) =>
      write(
        `update ${steps} set undone_at = clock_timestamp()
         where attempt = ${attempt} and undone_at is null and step = any ('{${which.join()}}')`,
        `update ${OWN_SCHEMA}.migration set attempt = attempt + 1
         where not exists (
           select from ${steps} s
           where s.attempt = migration.attempt and s.undone_at is null)`,
      ),

    records: async () => (await read([])).records,

    async measured() {
      const rows = await target.query<{step: string; seconds: string}>(`
        select distinct on (step) step, extract(epoch from finished_at - started_at) as seconds
        from ${steps}
        where finished_at is not null and evidence is distinct from 'found done'
        order by step, attempt desc`)
      return Object.fromEntries(rows.map(({step, seconds}) => [step, Number(seconds)]))
    },

    note: async <T>(key: string) => (await read([key])).notes[key] as T | undefined,
    setNote,
    setNoteAtEnd: setNote,

    async forget(keys) {
      await write(`delete from ${OWN_SCHEMA}.notes where attempt = ${attempt} and key = any ('{${keys.join()}}')`)
    },
  }
}
