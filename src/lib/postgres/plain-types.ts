import {literal} from './catalog.js'

/** SQL expression: the type that a domain rests on in the end; null for any other type. */
export const baseOfDomain = (type: string): string => `(
    with recursive base as (
      select t.typbasetype as oid
      from pg_type t
      where t.oid = ${type} and t.typtype = 'd'
      union all
      select t.typbasetype
      from base
      join pg_type t on t.oid = base.oid and t.typtype = 'd')
    select base.oid::regtype::text
    from base
    join pg_type t on t.oid = base.oid and t.typtype <> 'd')`

/**
 * SQL: gives the columns of a fresh table the types that their domains rest on. Values that are only noted are checked by nobody: a domain
 * whose constraint is not valid would refuse some that are there.
 */
export const withoutDomains = (table: string): string =>
  `do ${literal(`declare change text; begin
    for change in
      with recursive resolved as (
        select a.attname, a.atttypid as type, a.atttypmod as typmod, false as changed
        from pg_catalog.pg_attribute a
        where a.attrelid = '${table}'::regclass and a.attnum > 0 and not a.attisdropped
        union all
        select r.attname, t.typbasetype, t.typtypmod, true
        from resolved r
        join pg_catalog.pg_type t on t.oid = r.type and t.typtype = 'd')
      select format('alter table ${table} alter column %I type %s', r.attname, format_type(r.type, r.typmod))
      from resolved r
      join pg_catalog.pg_type t on t.oid = r.type and t.typtype <> 'd'
      where r.changed
    loop execute change; end loop;
  end`)}`
