import {notOfExtension, USER_SCHEMA} from '../../../postgres/catalog.js'
import {catalogCheck, type Check} from '../../check.js'
import {NAME, RELATIONS} from './relations.js'

const foreignOwners = catalogCheck<{name: string; owner: string; reader: string}>({
  id: 'foreign-owners',
  question: 'Does the role of DATABASE_URL own every table, so that it can freeze them?',
  level: 'blocker',
  example: {
    on: 'source',
    superuser: true,
    sql: 'create table public.theirs (id int primary key)',
  },
  sql: `
    select ${NAME} as name, c.relowner::regrole::text as owner, quote_ident(current_user) as reader from ${RELATIONS}
    where c.relkind in ('r', 'p') and not pg_has_role(c.relowner, 'USAGE') order by 1`,
  found: ({name, owner, reader}) => ({
    what: `${name} is owned by ${owner}: the role of DATABASE_URL cannot freeze it, nor be sure to read every row`,
    remedy: `make ${reader} its owner, as ${owner}, which has to be a member of ${reader} for it; or destroy that credential with heroku pg:credentials:destroy, which gives its tables to the default one`,
    fix: `alter table ${name} owner to ${reader}`,
    runBy: 'source-owner',
  }),
})

const unreadable = catalogCheck<{schema: string; tables: number; reader: string}>({
  id: 'unreadable-tables',
  question: 'Can the role of DATABASE_URL read every table and sequence?',
  level: 'unknown',
  example: {
    on: 'source',
    sql: 'create schema sealed; create table sealed.box (id int primary key); revoke usage on schema sealed from current_user',
  },
  sql: `
    select quote_ident(n.nspname) as schema, count(*)::int as tables, quote_ident(current_user) as reader
    from ${RELATIONS}
    where c.relkind in ('r', 'p', 'm', 'S')
      and not (has_schema_privilege(n.oid, 'USAGE') and has_table_privilege(c.oid, 'SELECT'))
    group by n.nspname
    order by 1`,
  found: ({schema, tables, reader}) => ({
    what: `tables or sequences of schema ${schema} (${tables}) cannot be read: their contents are not known`,
    remedy: 'grant usage and select, as the owner of the schema and the tables',
    // eslint-disable-next-line local/sql-width -- to be pasted, so it stays in one line
    fix: `grant usage on schema ${schema} to ${reader}; grant select on all tables in schema ${schema} to ${reader}; grant select on all sequences in schema ${schema} to ${reader}`,
  }),
})

const forcedRowSecurity = catalogCheck<{name: string}>({
  id: 'forced-row-security',
  question: 'Is there forced row-level security, which hides rows from the table owner?',
  level: 'blocker',
  example: {
    on: 'source',
    sql: 'create table public.hidden (id int primary key); alter table public.hidden enable row level security, force row level security',
  },
  sql: `
    select ${NAME} as name from ${RELATIONS} where c.relrowsecurity and c.relforcerowsecurity
      and not (select rolbypassrls or rolsuper from pg_roles where rolname = current_user) order by 1`,
  found: ({name}) => ({
    what: `${name} forces row-level security on its owner: the copy could miss hidden rows`,
    remedy: 'set no force row level security for the duration of the move',
    fix: `alter table ${name} no force row level security`,
  }),
})

const grants = catalogCheck<{grantee: string; names: string; others: number}>({
  id: 'grants-to-others',
  question: 'Do other roles have privileges (GRANT), which are not copied to RDS?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create table public.shared (id int primary key); grant select on public.shared to pg_monitor',
    byHand: 'after-the-move',
    undo: 'drop table public.shared',
  },
  sql: `
    select grantee,
      array_to_string((array_agg(name order by name))[1:3], ', ') as names,
      (count(*) - 3)::int as others
    from (
      select distinct case x.grantee when 0 then 'public' else x.grantee::regrole::text end as grantee, ${NAME} as name
      from ${RELATIONS}
      cross join lateral aclexplode(c.relacl) x
      where x.grantee <> c.relowner
        and c.relkind in ('r', 'p', 'v', 'm', 'S')) granted
    group by grantee
    order by grantee`,
  found: ({grantee, names, others}) => ({
    what: `${grantee} has privileges on ${names}${others > 0 ? ` and ${others} more` : ''}: grants are not copied`,
    remedy: 'create the role on RDS after the move, and repeat its grants',
  }),
})

const defaultPrivileges = catalogCheck<{schema: string; grantee: string; kind: string}>({
  id: 'default-privileges',
  question: 'Are there default privileges (ALTER DEFAULT PRIVILEGES), which are not copied to RDS?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'alter default privileges in schema public grant select on tables to public',
    byHand: 'after-the-move',
    undo: 'alter default privileges in schema public revoke select on tables from public',
  },
  sql: `
    select coalesce(quote_ident(n.nspname), 'any schema') as schema,
      string_agg(distinct case a.grantee when 0 then 'public' else a.grantee::regrole::text end, ', ') as grantee,
      case d.defaclobjtype
        when 'r' then 'tables'
        when 'S' then 'sequences'
        when 'f' then 'functions'
        when 'T' then 'types'
        else 'schemas' end as kind
    from pg_default_acl d
    -- 0, which no schema has, stands for every schema
    left join pg_namespace n on n.oid = d.defaclnamespace
    cross join lateral aclexplode(d.defaclacl) a
    where a.grantee <> d.defaclrole
      and pg_has_role(d.defaclrole, 'USAGE')
    group by 1, 3
    order by 1, 3`,
  found: ({schema, grantee, kind}) => ({
    what: `default privileges grant ${grantee} access to new ${kind} in ${schema}: they are not copied`,
    remedy: 'run the same alter default privileges on RDS after the move',
  }),
})

const definers = catalogCheck<{name: string; owner: string}>({
  id: 'functions-of-others',
  question: 'Are there SECURITY DEFINER functions of other roles?',
  level: 'warning',
  example: {
    on: 'source',
    superuser: true,
    sql: `create function public.as_them() returns int language sql security definer as 'select 1'`,
  },
  sql: `
    select p.oid::regprocedure::text as name, p.proowner::regrole::text as owner
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where p.prosecdef
      and not pg_has_role(p.proowner, 'USAGE')
      and ${USER_SCHEMA}
      and ${notOfExtension('pg_proc', 'p.oid')}
    order by 1`,
  found: ({name, owner}) => ({
    what: `SECURITY DEFINER function ${name} runs as ${owner}; on RDS it will run as the role of the app`,
    remedy: 'check that the role of the app has the privileges it needs, or drop it',
    fix: `drop function ${name}`,
  }),
})

export default [foreignOwners, unreadable, forcedRowSecurity, grants, defaultPrivileges, definers] satisfies Check[]
