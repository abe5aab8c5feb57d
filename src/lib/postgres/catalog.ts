import {TAKEN_OVER} from './sqlstate.js'
/** The schema of the tool's own objects, on both sides. */
export const OWN_SCHEMA = 'heroku_rds'

/**
 * SQL condition on `pg_namespace n`: schemas that hold the customer's objects. `_heroku` is Heroku's own: what is in it
 * belongs to `heroku_admin`, and some databases do not even let it be read (heroku/cli#1648); `pg_%` covers system, toast and temporary schemas.
 */
export const USER_SCHEMA = `n.nspname !~ '^pg_' and n.nspname not in ('information_schema', '_heroku', '${OWN_SCHEMA}')`

/** SQL condition: the object is not a member of an extension. */
export const notOfExtension = (catalog: string, oid: string): string =>
  `not exists (
    select from pg_depend d
    where d.classid = '${catalog}'::regclass and d.objid = ${oid} and d.deptype = 'e')`

/**
 * SQL condition on `pg_extension e`: the customer's. Heroku installs pg_stat_statements in most databases by itself (seen in public
 * dumps); no row of the customer's is in it, and it travels only where a view or function of the customer's rests on it.
 */
export const USER_EXTENSION = `(e.extname <> 'pg_stat_statements' or exists (
    select from pg_depend member
    join pg_depend use on use.refclassid = member.classid and use.refobjid = member.objid
    left join pg_rewrite rule on use.classid = 'pg_rewrite'::regclass and rule.oid = use.objid
    where member.refclassid = 'pg_extension'::regclass and member.refobjid = e.oid and member.deptype = 'e'
      and use.classid in ('pg_rewrite'::regclass, 'pg_proc'::regclass)
      and not exists (
        select from pg_depend own
        where own.objid = coalesce(rule.ev_class, use.objid) and own.refobjid = e.oid and own.deptype = 'e')))`

/** SQL condition on `pg_event_trigger e`: Heroku's own, one of which every database of Heroku's has; their names change. */
export const HEROKU_EVENT_TRIGGER = `(
    pg_get_userbyid(e.evtowner) in ('heroku_admin', 'rdsadmin')
    or exists (
      select from pg_proc p
      join pg_namespace n on n.oid = p.pronamespace
      where p.oid = e.evtfoid and n.nspname = '_heroku'))`

/** SQL on `pg_database d`: its collation, which each major keeps in another column. */
export const COLLATION = `case to_jsonb(d) ->> 'datlocprovider'
      when 'i' then 'ICU ' || coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale')
      when 'b' then 'builtin ' || (to_jsonb(d) ->> 'datlocale')
      else d.datcollate end`

/**
 * SQL that goes before a query in one request: what the server words in this request or transaction has every name in quotes. Without
 * it, each major leaves out those that are no keyword to itself: a column `json` is quoted from 16 on, and `system_user` means
 * something else.
 */
export const ALL_QUOTED = `select set_config('quote_all_identifiers', 'on', true);`

/** `"schema"."table"` as SQL needs it; always quoted, so that no name means something else. */
export const identifier = (...names: readonly string[]): string =>
  names.map((name) => `"${name.replaceAll('"', '""')}"`).join('.')

/** Names as a catalog lists them, each quoted; none where it lists none. */
export const identifiers = (names: readonly string[] | null): string[] => (names ?? []).map((name) => identifier(name))

/** A string as an SQL literal, for statements that take no parameters (DDL). */
export const literal = (text: string): string => {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

/** SQL that fails, and takes its transaction with it, when another operator has taken over. */
export type Guard = string

export const guardOn = (table: string, condition: string): Guard =>
  `do ${literal(`begin
    perform from ${OWN_SCHEMA}.${table} where ${condition} for share;
    if not found then
      raise exception using errcode = '${TAKEN_OVER}', message = 'another operator has taken over this migration';
    end if;
  end`)}`

/**
 * SQL that makes our schema where it is not there, and keeps everybody but its owner out of it from then on: default privileges of the
 * customer's may let other credentials in, and what is noted there decides who may write. Triggers run all the same.
 */
export const MAKE_OWN_SCHEMA = `create schema if not exists ${OWN_SCHEMA};
do $$ declare other text; begin
  for other in select distinct case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end
    from pg_namespace, aclexplode(nspacl) where nspname = '${OWN_SCHEMA}' and grantee <> nspowner
  loop execute 'revoke all on schema ${OWN_SCHEMA} from ' || other; end loop;
end $$`
