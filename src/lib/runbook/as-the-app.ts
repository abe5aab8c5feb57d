import {passFence} from '../fence/fence.js'
import type {Session} from '../ports/ports.js'

/** Settings that our sessions pin and that code of the app's can notice. */
const NOTICED = [
  'array_nulls',
  'bytea_output',
  'datestyle',
  'extra_float_digits',
  'intervalstyle',
  'lc_monetary',
  'lock_timeout',
  'quote_all_identifiers',
  'row_security',
  'search_path',
  'standard_conforming_strings',
  'statement_timeout',
  'timezone',
  'xmloption',
]

/** Does work as the app would, in one transaction that passes the fence and is rolled back, settings and all. */
export async function rolledBackAsTheApp<T>(session: Session, fencePass: string, work: () => Promise<T>): Promise<T> {
  await session.query('begin')
  try {
    await passFence(session, fencePass)
    await asTheAppFindsIt(session)
    return await work()
  } finally {
    await session.query('rollback')
  }
}

/** Our own sessions pin their settings; a test has those the app would have. */
async function asTheAppFindsIt(session: Session): Promise<void> {
  await session.query(
    `select set_config(p.name, coalesce((
       select substr(setting, strpos(setting, '=') + 1)
       from pg_db_role_setting s
       cross join unnest(s.setconfig) setting
       where lower(split_part(setting, '=', 1)) = lower(p.name)
         and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
         and s.setrole in (0, (select oid from pg_roles where rolname = current_user))
       order by s.setrole desc, s.setdatabase desc
       limit 1), p.boot_val), true)
     from pg_settings p
     where lower(p.name) = any ($1)`,
    [NOTICED],
  )
}
