import {HEROKU_EVENT_TRIGGER, notOfExtension, USER_SCHEMA} from '../../../postgres/catalog.js'
import {catalogCheck, type Check} from '../../check.js'
import {NAME, relationOf} from './relations.js'

const alwaysTriggers = catalogCheck<{name: string; table: string}>({
  id: 'always-triggers',
  question: 'Are there ENABLE ALWAYS or ENABLE REPLICA triggers, which fire for replicated rows?',
  level: 'warning',
  hinders: ['ordinary-statements'],
  example: {
    on: 'source',
    sql: `create table public.watched (id int primary key);
      create function public.watch() returns trigger language plpgsql as 'begin return null; end';
      create trigger watch after insert on public.watched for each row execute function public.watch();
      alter table public.watched enable always trigger watch`,
  },
  sql: `
    select quote_ident(t.tgname) as name, ${NAME} as table from pg_trigger t join ${relationOf('t.tgrelid')}
    where not t.tgisinternal and t.tgenabled in ('A', 'R') and t.tgname !~ '^heroku_rds' order by 2, 1`,
  found: ({name, table}) => ({
    what: `trigger ${name} on ${table} is ENABLE ALWAYS or ENABLE REPLICA: it fires for replicated rows, so its effects would apply twice`,
    remedy: 'run enable trigger, so that it fires for ordinary sessions only',
    fix: `alter table ${table} enable trigger ${name}`,
  }),
})

const disabledTriggers = catalogCheck<{name: string; table: string}>({
  id: 'disabled-triggers',
  question: 'Are triggers disabled, perhaps by oversight?',
  level: 'warning',
  example: {
    on: 'source',
    sql: `create table public.unwatched (id int primary key);
      create function public.unwatch() returns trigger language plpgsql as 'begin return null; end';
      create trigger unwatch after insert on public.unwatched for each row execute function public.unwatch();
      alter table public.unwatched disable trigger unwatch`,
  },
  sql: `
    select quote_ident(t.tgname) as name, ${NAME} as table from pg_trigger t join ${relationOf('t.tgrelid')}
    where not t.tgisinternal and t.tgenabled = 'D' and t.tgname !~ '^heroku_rds' order by 2, 1`,
  found: ({name, table}) => ({
    what: `trigger ${name} on ${table} is disabled, and stays disabled on RDS`,
    remedy: 'drop it, or enable it with enable trigger, so that RDS gets the state you intend',
    fix: `drop trigger ${name} on ${table}`,
  }),
})

const constraintTriggers = catalogCheck<{name: string; table: string}>({
  id: 'constraint-triggers',
  question: 'Are there constraint triggers, which are not checked for copied rows?',
  level: 'warning',
  example: {
    on: 'source',
    sql: `create table public.balanced (id int primary key);
      create function public.balance() returns trigger language plpgsql as 'begin return null; end';
      create constraint trigger balance after insert on public.balanced for each row execute function public.balance()`,
    byHand: 'nothing',
    undo: 'drop table public.balanced; drop function public.balance()',
  },
  sql: `
    select quote_ident(t.tgname) as name, ${NAME} as table from pg_trigger t join ${relationOf('t.tgrelid')}
    where t.tgconstraint <> 0 and not t.tgisinternal and t.tgparentid = 0 order by 2, 1`,
  found: ({name, table}) => ({
    what: `constraint trigger ${name} on ${table} is created after the rows are copied, and checks none of them`,
    remedy: 'do nothing for the move: the rows passed the trigger on the source',
  }),
})

const rules = catalogCheck<{name: string; table: string}>({
  id: 'rules',
  question: 'Are there rules (CREATE RULE) on tables, which rewrite statements?',
  level: 'warning',
  hinders: ['ordinary-statements'],
  example: {
    on: 'source',
    sql: 'create table public.ruled (id int primary key); create rule quiet as on delete to public.ruled do instead nothing',
  },
  sql: `
    select quote_ident(r.rulename) as name, ${NAME} as table from pg_rewrite r join ${relationOf('r.ev_class')}
    where c.relkind in ('r', 'p') order by 2, 1`,
  found: ({name, table}) => ({
    what: `rule ${name} on ${table} rewrites statements: changes that DMS applies could have another effect`,
    remedy: 'use another method, or replace it with a trigger',
    fix: `drop rule ${name} on ${table}`,
  }),
})

const eventTriggers = catalogCheck<{name: string}>({
  id: 'event-triggers',
  question: 'Are there event triggers, which only the master user can create on RDS?',
  level: 'warning',
  example: {
    on: 'source',
    superuser: true,
    sql: `create function public.on_ddl() returns event_trigger language plpgsql as 'begin end';
      create event trigger watch_ddl on ddl_command_end execute function public.on_ddl()`,
  },
  sql: `
    select quote_ident(e.evtname) as name
    from pg_event_trigger e
    where not ${HEROKU_EVENT_TRIGGER}
    order by 1`,
  found: ({name}) => ({
    what: `event trigger ${name} is not copied to RDS, where only the master user can create one`,
    remedy: 'create it on RDS after the move if you need it; otherwise drop it',
    fix: `drop event trigger ${name}`,
  }),
})

const untrusted = catalogCheck<{name: string; language: string}>({
  id: 'untrusted-languages',
  question: 'Are there functions in untrusted languages, which only a superuser can create?',
  level: 'blocker',
  example: {
    on: 'source',
    superuser: true,
    sql: `create function public.plus(int, int) returns int language internal as 'int4pl'`,
  },
  sql: `
    select p.oid::regprocedure::text as name, l.lanname as language
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    join pg_language l on l.oid = p.prolang
    where not l.lanpltrusted
      and l.lanname <> 'sql'
      -- every aggregate, and what comes with a range type, is internal, and takes no superuser
      and p.prokind <> 'a'
      and not exists (
        select from pg_depend d
        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i')
      and ${USER_SCHEMA}
      and ${notOfExtension('pg_proc', 'p.oid')}
    order by 1`,
  found: ({name, language}) => ({
    what: `function ${name} is written in the untrusted language ${language}: only a superuser can create it, and RDS has none for its customers`,
    remedy: 'rewrite it in a trusted language, or drop it',
    fix: `drop function ${name}`,
  }),
})

const herokuHelpers = catalogCheck<{kind: string; name: string}>({
  id: 'heroku-helpers',
  question: 'Do functions or views call schema _heroku?',
  level: 'warning',
  example: {
    on: 'source',
    sql: `create function public.reset_stats() returns void language plpgsql
      as 'begin perform _heroku.pg_stat_statements_reset(); end'`,
  },
  sql: `
    select 'function' as kind, p.oid::regprocedure::text as name
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where p.prosrc ~ '\\m_heroku\\.'
      and ${USER_SCHEMA}
      and ${notOfExtension('pg_proc', 'p.oid')}
    union all
    select distinct case c.relkind when 'm' then 'materialized view' else 'view' end, ${NAME}
    from pg_depend d
    join pg_proc p on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid
    join pg_namespace h on h.oid = p.pronamespace and h.nspname = '_heroku'
    -- a view depends on what it calls by way of its rule
    join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
    join ${relationOf('r.ev_class')}
    order by 1, 2`,
  found: ({kind, name}) => ({
    what: `${kind} ${name} calls schema _heroku, which exists on Heroku only`,
    remedy: `call the Postgres function directly, or drop the ${kind}`,
    fix: `drop ${kind} ${name}`,
  }),
})

export default [
  alwaysTriggers,
  disabledTriggers,
  rules,
  eventTriggers,
  untrusted,
  herokuHelpers,
  constraintTriggers,
] satisfies Check[]
