import {notOfExtension, USER_SCHEMA} from '../../../catalog.js'
import {catalogCheck, type Check} from '../../check.js'
import {NAME, RELATIONS} from './relations.js'

const foreignOwners = catalogCheck<{name: string; owner: string}>({
  id: 'foreign-owners',
  question: 'Does the app own every table, so that the freeze can hold it?',
  level: 'blocker',
  example: {
    on: 'source',
    superuser: true,
    sql: 'create table public.theirs (id int primary key)',
    cure: 'drop table public.theirs',
  },
  sql: `
    select ${NAME} as name, c.relowner::regrole::text as owner from ${RELATIONS}
    where c.relkind in ('r', 'p') and not pg_has_role(c.relowner, 'USAGE') order by 1`,
  found: ({name, owner}) => ({
    what: `${name} belongs to ${owner}: it can neither be frozen nor read for certain`,
    remedy: `as ${owner}: alter table ${name} owner to the role of DATABASE_URL`,
  }),
})

const forcedRowSecurity = catalogCheck<{name: string}>({
  id: 'forced-row-security',
  question: 'Does row-level security hide rows from their owner?',
  level: 'blocker',
  example: {
    on: 'source',
    sql: 'create table public.hidden (id int primary key); alter table public.hidden enable row level security, force row level security',
  },
  sql: `
    select ${NAME} as name from ${RELATIONS} where c.relrowsecurity and c.relforcerowsecurity
      and not (select rolbypassrls or rolsuper from pg_roles where rolname = current_user) order by 1`,
  found: ({name}) => ({
    what: `${name} forces row-level security on its owner: rows could be left behind unseen`,
    remedy: 'lift the force for the time of the move',
    fix: `alter table ${name} no force row level security`,
  }),
})

const defaultPrivileges = catalogCheck<{schema: string; grantee: string; kind: string}>({
  id: 'default-privileges',
  question: 'Are there default privileges that will not travel?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'alter default privileges in schema public grant select on tables to public',
    cure: 'alter default privileges in schema public revoke select on tables from public',
  },
  sql: `
    select coalesce(quote_ident(n.nspname), 'any schema') as schema, string_agg(distinct case a.grantee when 0 then 'public' else a.grantee::regrole::text end, ', ') as grantee,
      case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' else 'schemas' end as kind
    from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace cross join lateral aclexplode(d.defaclacl) a
    where a.grantee <> d.defaclrole and pg_has_role(d.defaclrole, 'USAGE') group by 1, 3 order by 1, 3`,
  found: ({schema, grantee, kind}) => ({
    what: `default privileges give ${grantee} new ${kind} in ${schema}: they stay behind`,
    remedy: 'run the same alter default privileges on RDS after the move',
  }),
})

const roleSettings = catalogCheck<{setting: string; role: string}>({
  id: 'role-settings',
  question: 'Do settings of the role or the database need to be made again?',
  level: 'warning',
  example: {
    on: 'source',
    sql: `do $$ begin execute format('alter role %I in database %I set work_mem = %L', current_user, current_database(), '8MB'); end $$`,
    cure: `do $$ begin execute format('alter role %I in database %I reset work_mem', current_user, current_database()); end $$`,
  },
  sql: `
    select quote_ident(split_part(setting, '=', 1)) as setting, s.setrole::regrole::text as role
    from pg_db_role_setting s cross join unnest(s.setconfig) setting
    where s.setrole = (select oid from pg_roles where rolname = current_user) and setting !~ '^(extwlist|search_path)' order by 1`,
  found: ({setting, role}) => ({
    what: `${setting} is set for role ${role}, which does not exist on RDS`,
    remedy: 'set it for the role of the target as well: alter role … set …',
  }),
})

const definers = catalogCheck<{name: string; owner: string}>({
  id: 'functions-of-others',
  question: 'Do functions run with the rights of a role that is not the app?',
  level: 'warning',
  example: {
    on: 'source',
    superuser: true,
    sql: `create function public.as_them() returns int language sql security definer as 'select 1'`,
  },
  sql: `
    select p.oid::regprocedure::text as name, p.proowner::regrole::text as owner from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where p.prosecdef and not pg_has_role(p.proowner, 'USAGE') and ${USER_SCHEMA} and ${notOfExtension('pg_proc', 'p.oid')} order by 1`,
  found: ({name, owner}) => ({
    what: `function ${name} runs as ${owner}; on RDS it runs as the app`,
    remedy: 'check that the app may do what it does, or drop it',
    fix: `drop function ${name}`,
  }),
})

export default [foreignOwners, forcedRowSecurity, defaultPrivileges, roleSettings, definers] satisfies Check[]
