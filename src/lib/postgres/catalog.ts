import {TAKEN_OVER} from './sqlstate.js'
/** The schema of the tool's own objects, on both sides. */
export const OWN_SCHEMA = 'heroku_rds'

/**
 * SQL condition on `pg_namespace n`: schemas that hold the customer's objects. `_heroku` is Heroku's own and cannot be
 * read (heroku/cli#1648); `pg_%` covers system, toast and temporary schemas.
 */
export const USER_SCHEMA = `n.nspname !~ '^pg_' and n.nspname not in ('information_schema', '_heroku', '${OWN_SCHEMA}')`

/** SQL condition: the object is not a member of an extension. */
export const notOfExtension = (catalog: string, oid: string): string =>
  `not exists (
    select from pg_depend d
    where d.classid = '${catalog}'::regclass and d.objid = ${oid} and d.deptype = 'e')`

/** SQL on `pg_database d`: its collation, which each major keeps in another column. */
export const COLLATION = `case to_jsonb(d) ->> 'datlocprovider'
      when 'i' then 'ICU ' || coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale')
      when 'b' then 'builtin ' || (to_jsonb(d) ->> 'datlocale')
      else d.datcollate end`

/** `"schema"."table"` as SQL needs it; always quoted, so that no name means something else. */
export const identifier = (...names: readonly string[]): string =>
  names.map((name) => `"${name.replaceAll('"', '""')}"`).join('.')

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
 * SQL that keeps everybody but its owner out of our schema: default privileges of the customer's may let other credentials in, and
 * what is noted there shows rows. Triggers run all the same.
 */
export const CLOSE_OWN_SCHEMA = `do $$ declare other text; begin
  for other in select distinct case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end
    from pg_namespace, aclexplode(nspacl) where nspname = '${OWN_SCHEMA}' and grantee <> nspowner
  loop execute 'revoke all on schema ${OWN_SCHEMA} from ' || other; end loop;
end $$`
