import {passingFence} from '../fence/fence.js'
import type {Database, Session} from '../ports/ports.js'
import {literal} from '../postgres/catalog.js'

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

/** Does work as the app would, in one transaction that passes the fence and is rolled back, settings and all. `first`: SQL that goes ahead. */
export const rolledBackAsTheApp = <T>(
  db: Database,
  fencePass: string,
  work: (session: Session) => Promise<T>,
  first = '',
): Promise<T> =>
  db.transaction(work, {
    first: `${passingFence(db, fencePass)}; ${AS_THE_APP_FINDS_IT}; ${first}`,
    rollBack: true,
    discard: true,
  })

/**
 * Our own sessions pin their settings; a test has those that database and role give now, which a connection that is older does not know,
 * or else those of the server: it tells its search path, which no connection of ours is made with, and of the rest what is usual.
 */
const AS_THE_APP_FINDS_IT = `
    select set_config(p.name, coalesce(
      (select substr(setting, strpos(setting, '=') + 1)
       from pg_db_role_setting s
       cross join unnest(s.setconfig) setting
       where lower(split_part(setting, '=', 1)) = lower(p.name)
         and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
         and s.setrole in (0, (select oid from pg_roles where rolname = current_user))
       order by s.setrole desc, s.setdatabase desc
       limit 1),
      case p.name when 'search_path' then p.reset_val else p.boot_val end), true)
    from pg_settings p
    where lower(p.name) in (${NOTICED.map(literal).join(', ')})`
