import {expect} from 'chai'

import type {PostgresServer} from '../../sandbox/postgres/server.js'
import type {Shop} from '../../sandbox/shop.js'
import type {RdsError} from '../../src/lib/ports/errors.js'
import type {Step} from '../../src/lib/runbook/step.js'

/** The error a command ends with; fails when it succeeds. */
export async function failureOf(work: Promise<unknown>): Promise<RdsError> {
  let result: unknown
  try {
    result = await work
  } catch (error) {
    return error as RdsError
  }
  return expect.fail(`this should have failed, and gave ${JSON.stringify(result)}`)
}

/** Does something right before the effect of one step. */
export const before =
  (id: string, act: () => Promise<unknown> | void) =>
  (step: Step): Step =>
    step.id === id ? {...step, run: async (migration) => (await act(), step.run(migration))} : step

/** Does something right after the effect of one step. */
export const after =
  (id: string, act: () => Promise<unknown> | void) =>
  (step: Step): Step =>
    step.id === id
      ? {
          ...step,
          async run(migration) {
            const evidence = await step.run(migration)
            await act()
            return evidence
          },
        }
      : step

/** Every change in one. */
export const both =
  (...changes: ((step: Step) => Step)[]) =>
  (step: Step): Step =>
    changes.reduce((changed, change) => change(changed), step)

/** What the fence's function says of itself, asked as an outsider. */
export async function fenceOf(server: PostgresServer, database: string): Promise<'absent' | 'lowered' | 'raised'> {
  const [row] = await server.superuser<{raised: boolean}>(
    database,
    `select prosrc like '%fence: raised%' as raised from pg_proc where proname = 'fence' and pronamespace = to_regnamespace('heroku_rds')`,
  )
  if (!row) return 'absent'
  return row.raised ? 'raised' : 'lowered'
}

/** Ends the session that holds the operator's lock, as a broken network would; returns how many it found. */
export async function breakLock(server: PostgresServer, database: string): Promise<number> {
  const ended = await server.superuser(
    database,
    `select pg_terminate_backend(pid) from pg_locks
     where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())`,
  )
  return ended.length
}

/** Whether the plugin has left anything of its own in a database. */
export async function bearsTraces(server: PostgresServer, database: string): Promise<boolean> {
  const [row] = await server.superuser<{there: boolean}>(
    database,
    `select to_regnamespace('heroku_rds') is not null as there`,
  )
  return row!.there
}

/** All that a database holds beside rows, a line each. */
const CATALOG = `
  select line from (
    select concat_ws(' ', 'schema', nspname, nspowner::regrole, nspacl) as line
    from pg_namespace
    where nspname !~ '^pg_(toast|temp)'
    union all
    select concat_ws(' ', 'relation', oid::regclass, relkind, relowner::regrole, relacl, array_to_string(reloptions, ','))
    from pg_class
    where oid >= 16384 and relnamespace <> 'pg_toast'::regnamespace
    union all
    select concat_ws(' ', 'function', oid::regprocedure, proacl)
    from pg_proc
    where oid >= 16384
    union all
    select concat_ws(' ', 'trigger', tgname, tgrelid::regclass, tgenabled)
    from pg_trigger
    where not tgisinternal
    union all
    select concat_ws(' ', 'event trigger', evtname, evtowner::regrole, evtevent, evtfoid::regproc, evtenabled)
    from pg_event_trigger
    union all
    select concat_ws(' ', 'constraint', conname, conrelid::regclass)
    from pg_constraint
    where oid >= 16384
    union all
    select concat_ws(' ', 'extension', extname, extversion, extnamespace::regnamespace)
    from pg_extension
    union all
    select concat_ws(' ', 'default privileges', defaclrole::regrole, defaclobjtype, defaclacl)
    from pg_default_acl
    union all
    select 'setting ' || setting
    from pg_db_role_setting s
    cross join unnest(setconfig) setting
    where setting not like 'default_transaction_read_only%'
      and setdatabase in (0, (select oid from pg_database where datname = current_database()))
    union all
    select 'publication ' || pubname
    from pg_publication
    union all
    select 'slot ' || slot_name
    from pg_replication_slots) lines
  order by 1`

export async function catalogOfSource({source}: {source: PostgresServer}, shop: Shop): Promise<string[]> {
  return (await source.superuser<{line: string}>(shop.source.database, CATALOG)).map(({line}) => line)
}

/** Which of the shop's databases the app's URL leads to. */
export const primaryOf = ({app, source, target}: Shop): 'source' | 'target' | 'neither' => {
  const url = app.configVars['DATABASE_URL'] ?? ''
  if (url === source.url) return 'source'
  return url.includes(`/${target.database}?`) ? 'target' : 'neither'
}
