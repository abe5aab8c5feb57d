import {USER_SCHEMA} from '../postgres/catalog.js'
import type {Question} from '../postgres/answers.js'

/**
 * A hash over the catalog rows, with the transaction that wrote them, of everything a write could slip past the fence
 * by: new or rewritten tables, changed columns, a trigger disabled and enabled again, attached partitions. Plain writes,
 * VACUUM, ANALYZE, the refresh of a materialized view and the validation of a constraint do not change it; any such DDL does. `owned` leaves out what
 * belongs to other roles, such as the schema of a monitoring agent.
 */
export function fingerprintOf(scope: 'all' | 'owned'): Question<string> {
  const ours = (owner: string) => (scope === 'owned' ? `pg_has_role(${owner}, 'USAGE')` : 'true')
  const query = `
    with schemas as (
      select n.oid, n.xmin as written, n.nspname
      from pg_namespace n
      where ${USER_SCHEMA} and ${ours('n.nspowner')}
        or n.nspname = 'public'),
    tables as (
      select c.*, c.xmin as written
      from pg_class c
      where c.relnamespace in (select oid from schemas)
        and c.relpersistence <> 't'
        and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and ${ours('c.relowner')}),
    lines as (
      select concat_ws(' ', 'schema', oid, written, nspname) as line
      from schemas
      union all
      select concat_ws(' ', 'class', oid, case when relkind = 'r' then concat_ws(' ', written, relfilenode) end,
        relname, relnamespace, relowner, relkind, relpersistence)
      from tables
      union all
      select concat_ws(' ', 'column', attrelid, xmin, attnum, attname, atttypid, attisdropped)
      from pg_attribute
      where attrelid in (select oid from tables)
        and attnum > 0
      union all
      select concat_ws(' ', 'trigger', oid, xmin, tgrelid, tgname, tgenabled)
      from pg_trigger
      where tgrelid in (select oid from tables)
      union all
      select concat_ws(' ', 'constraint', oid, conrelid, conname,
        case when contype not in ('c', 'f', 'n') then concat_ws(' ', xmin, convalidated) end)
      from pg_constraint
      where conrelid in (select oid from tables)
      union all
      select concat_ws(' ', 'inherits', inhrelid, xmin, inhparent)
      from pg_inherits
      where inhrelid in (select oid from tables)
      union all
      select concat_ws(' ', 'type', oid, xmin, typname, typtype)
      from pg_type
      where typnamespace in (select oid from schemas)
        and typtype in ('d', 'e', 'r')
        and ${ours('typowner')}
      union all
      select concat_ws(' ', 'enum', oid, xmin, enumtypid, enumlabel)
      from pg_enum)
    select to_json(coalesce(md5(string_agg(line, chr(10) order by line)), 'empty'))
    from lines`
  return {query}
}
