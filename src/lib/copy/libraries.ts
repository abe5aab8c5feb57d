import {literal} from '../postgres/catalog.js'
import type {Queryable} from '../ports/ports.js'
import type {Statement} from './sql-lexer.js'

/**
 * SQL that loads the libraries of these extensions, as the call of a function would. Only a session that has loaded them knows
 * their settings (`pg_trgm.similarity_threshold`), and a setting that is not known can be stored by a superuser alone.
 */
export const loadingLibraries = (extensions: readonly string[]): string => `
  select fmgr_c_validator(min(p.oid))
  from pg_extension e
  join pg_depend d on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid and d.deptype = 'e'
  join pg_proc p on d.classid = 'pg_proc'::regclass and p.oid = d.objid
  join pg_language l on l.oid = p.prolang and l.lanname = 'c'
  where e.extname in (${extensions.map(literal).join(', ')})
    and has_function_privilege(p.oid, 'EXECUTE')
  group by e.oid`

/** The same, as a statement, for the settings that functions of the source have; none where they have none of extensions. */
export async function loadLibraries(source: Queryable): Promise<Statement[]> {
  const rows = await source.query<{extension: string}>(`
    select distinct split_part(setting, '.', 1) as extension
    from pg_proc p
    cross join unnest(p.proconfig) setting
    where split_part(setting, '=', 1) like '%.%'
    order by 1`)
  if (rows.length === 0) return []
  return [{sql: loadingLibraries(rows.map(({extension}) => extension)), words: ['select', 'fmgr_c_validator']}]
}
