import {type Guard, guardOn, OWN_SCHEMA} from '../postgres/catalog.js'
import {refused} from '../ports/errors.js'
import type {Database, Journal, Queryable, StepRecord} from '../ports/ports.js'

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
  create schema if not exists ${OWN_SCHEMA};
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

/** Whether a migration has ever been begun on this target, without creating anything. */
export async function readMigration(target: Queryable): Promise<MigrationRecord | undefined> {
  const exists = await target.queryOne<{there: boolean}>(
    `select to_regclass('${OWN_SCHEMA}.migration') is not null as there`,
  )
  if (!exists.there) return undefined
  const [version] = await target.query<{version: number}>(`select version from ${OWN_SCHEMA}.version`)
  if (version && version.version > VERSION) {
    throw refused(
      'journal_too_new',
      `the journal on the target is of version ${version.version}; this plugin knows ${VERSION}`,
      'heroku plugins:update',
    )
  }
  const [record] = await target.query<MigrationRecord>(`
    select app, addon_id as "addonId", addon_name as "addonName", method, source_identity as "sourceIdentity"
    from ${OWN_SCHEMA}.migration`)
  return record
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
  await target.query([SCHEMA, ...tables].join(';'))
  await target.query(
    `insert into ${OWN_SCHEMA}.migration (app, addon_id, addon_name, method, source_identity)
     values ($1, $2, $3, $4, $5)
     on conflict (single) do update set method = excluded.method
     where not exists (
       select from ${OWN_SCHEMA}.steps s
       where s.attempt = migration.attempt and s.undone_at is null and s.step <> 'preflight')`,
    [record.app, record.addonId, record.addonName, record.method, record.sourceIdentity],
  )
  return (await readMigration(target))!
}

/** For changes on the target: only the latest operator makes them. */
export const targetGuard = (epoch: string): Guard => guardOn('migration', `epoch = ${Number(epoch)}`)

/** The epoch of the last operator who held the lock. */
export async function epochOf(target: Queryable): Promise<string> {
  const row = await target.queryOne<{epoch: string}>(`select epoch::text as epoch from ${OWN_SCHEMA}.migration`)
  return row.epoch
}

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
  const attempt = `(select attempt from ${OWN_SCHEMA}.migration)`
  const guard = targetGuard(epoch ?? '-1')
  const write = (sql: string, values: readonly unknown[]) =>
    target.transaction(async (session) => {
      await session.query(guard)
      await session.query(sql, values)
    })

  return {
    async assertHeld() {
      await target.query(guard)
    },

    started: (step) =>
      write(
        `insert into ${OWN_SCHEMA}.steps (attempt, step, operator)
         values (${attempt}, $1, $2)
         on conflict (attempt, step) do update
         set undone_at = null, finished_at = null, evidence = null, waits = null,
           operator = excluded.operator,
           started_at = case
             when steps.undone_at is null and steps.finished_at is null then steps.started_at
             else excluded.started_at end`,
        [step, operator],
      ),

    finished: (step, evidence, waits) =>
      write(
        `update ${OWN_SCHEMA}.steps
         set finished_at = clock_timestamp(), evidence = $2, waits = $3
         where attempt = ${attempt} and step = $1`,
        [step, evidence, JSON.stringify(waits)],
      ),

    foundDone: (step) =>
      write(
        `insert into ${OWN_SCHEMA}.steps (attempt, step, operator, finished_at, evidence)
         values (${attempt}, $1, $2, clock_timestamp(), 'found done')
         on conflict (attempt, step) do update
         set undone_at = null, finished_at = coalesce(steps.finished_at, excluded.finished_at),
           evidence = coalesce(steps.evidence, excluded.evidence)`,
        [step, operator],
      ),

    failed: (step, reason) =>
      write(`update ${OWN_SCHEMA}.steps set evidence = $2 where attempt = ${attempt} and step = $1`, [
        step,
        `failed: ${reason}`,
      ]),

    undone: (step) =>
      target.transaction(async (session) => {
        await session.query(guard)
        await session.query(
          `update ${OWN_SCHEMA}.steps set undone_at = clock_timestamp() where attempt = ${attempt} and step = $1`,
          [step],
        )
        await session.query(`
          update ${OWN_SCHEMA}.migration set attempt = attempt + 1
          where not exists (
            select from ${OWN_SCHEMA}.steps s
            where s.attempt = migration.attempt and s.undone_at is null)`)
      }),

    async records() {
      const rows = await target.query<
        Record<Exclude<keyof StepRecord, 'waits'>, string | null> & Pick<StepRecord, 'waits'>
      >(`
        select step, started_at as "startedAt", finished_at as "finishedAt", undone_at as "undoneAt",
          evidence, operator, waits
        from ${OWN_SCHEMA}.steps where attempt = ${attempt} order by id`)
      return rows.map((row) => ({
        step: row.step!,
        startedAt: new Date(row.startedAt!),
        finishedAt: row.finishedAt ? new Date(row.finishedAt) : null,
        undoneAt: row.undoneAt ? new Date(row.undoneAt) : null,
        evidence: row.evidence,
        operator: row.operator!,
        waits: row.waits,
      }))
    },

    async measured() {
      const rows = await target.query<{step: string; seconds: string}>(`
        select distinct on (step) step, extract(epoch from finished_at - started_at) as seconds
        from ${OWN_SCHEMA}.steps
        where finished_at is not null and evidence is distinct from 'found done'
        order by step, attempt desc`)
      return Object.fromEntries(rows.map(({step, seconds}) => [step, Number(seconds)]))
    },

    async attempt() {
      const row = await target.queryOne<{attempt: number}>(`select attempt from ${OWN_SCHEMA}.migration`)
      return row.attempt
    },

    async note<T>(key: string) {
      const [row] = await target.query<{value: T}>(
        `select value::json as value from ${OWN_SCHEMA}.notes where attempt = ${attempt} and key = $1`,
        [key],
      )
      return row?.value
    },

    setNote: (key, value) =>
      write(
        `insert into ${OWN_SCHEMA}.notes (attempt, key, value) values (${attempt}, $1, $2)
         on conflict (attempt, key) do update set value = excluded.value`,
        [key, JSON.stringify(value)],
      ),

    forget: (keys) => write(`delete from ${OWN_SCHEMA}.notes where attempt = ${attempt} and key = any ($1)`, [keys]),
  }
}
