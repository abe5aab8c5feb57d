import {notOfExtension, USER_SCHEMA} from '../../../catalog.js'
import {catalogCheck, type Check} from '../../check.js'
import {NAME, relationOf} from './relations.js'

const alwaysTriggers = catalogCheck<{name: string; table: string}>({
  id: 'always-triggers',
  question: 'Do triggers fire even while rows are merely copied?',
  level: 'warning',
  blocks: ['change-capture', 'logical-replication'],
  example: {
    on: 'source',
    sql: `create table public.watched (id int primary key); create function public.watch() returns trigger language plpgsql as 'begin return null; end';
      create trigger watch after insert on public.watched for each row execute function public.watch(); alter table public.watched enable always trigger watch`,
  },
  sql: `
    select quote_ident(t.tgname) as name, ${NAME} as table from pg_trigger t join ${relationOf('t.tgrelid')}
    where not t.tgisinternal and t.tgenabled in ('A', 'R') and t.tgname !~ '^heroku_rds' order by 2, 1`,
  found: ({name, table}) => ({
    what: `trigger ${name} on ${table} fires for replicated rows too: its effects would be there twice`,
    remedy: 'let it fire for ordinary sessions only',
    fix: `alter table ${table} enable trigger ${name}`,
  }),
})

const disabledTriggers = catalogCheck<{name: string; table: string}>({
  id: 'disabled-triggers',
  question: 'Are triggers switched off, perhaps by oversight?',
  level: 'warning',
  example: {
    on: 'source',
    sql: `create table public.unwatched (id int primary key); create function public.unwatch() returns trigger language plpgsql as 'begin return null; end';
      create trigger unwatch after insert on public.unwatched for each row execute function public.unwatch(); alter table public.unwatched disable trigger unwatch`,
  },
  sql: `
    select quote_ident(t.tgname) as name, ${NAME} as table from pg_trigger t join ${relationOf('t.tgrelid')}
    where not t.tgisinternal and t.tgenabled = 'D' and t.tgname !~ '^heroku_rds' order by 2, 1`,
  found: ({name, table}) => ({
    what: `trigger ${name} on ${table} is disabled, and stays so on RDS`,
    remedy: 'drop it or enable it, so that the state that travels is the one you mean',
    fix: `drop trigger ${name} on ${table}`,
  }),
})

const rules = catalogCheck<{name: string; table: string}>({
  id: 'rules',
  question: 'Do rules rewrite what is written to tables?',
  level: 'warning',
  blocks: ['change-capture', 'logical-replication', 'dms'],
  example: {
    on: 'source',
    sql: 'create table public.ruled (id int primary key); create rule quiet as on delete to public.ruled do instead nothing',
  },
  sql: `
    select quote_ident(r.rulename) as name, ${NAME} as table from pg_rewrite r join ${relationOf('r.ev_class')}
    where c.relkind in ('r', 'p') order by 2, 1`,
  found: ({name, table}) => ({
    what: `rule ${name} on ${table} changes what a statement does: captured changes could mean something else`,
    remedy: 'replace it by a trigger',
    fix: `drop rule ${name} on ${table}`,
  }),
})

const eventTriggers = catalogCheck<{name: string}>({
  id: 'event-triggers',
  question: 'Do event triggers run when the schema changes?',
  level: 'warning',
  example: {
    on: 'source',
    superuser: true,
    sql: `create function public.on_ddl() returns event_trigger language plpgsql as 'begin end'; create event trigger watch_ddl on ddl_command_end execute function public.on_ddl()`,
  },
  sql: `select quote_ident(evtname) as name from pg_event_trigger where evtname !~ '^(heroku|rds|pgextwlist)' order by 1`,
  found: ({name}) => ({
    what: `event trigger ${name} is not carried to RDS, where only the master user may make one`,
    remedy: 'create it again after the move where you need it; drop it where you do not',
    fix: `drop event trigger ${name}`,
  }),
})

const untrusted = catalogCheck<{name: string; language: string}>({
  id: 'untrusted-languages',
  question: 'Are there functions in languages that RDS does not let you use?',
  level: 'blocker',
  example: {
    on: 'source',
    superuser: true,
    sql: `create function public.plus(int, int) returns int language internal as 'int4pl'`,
  },
  sql: `
    select p.oid::regprocedure::text as name, l.lanname as language from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    join pg_language l on l.oid = p.prolang
    where not l.lanpltrusted and l.lanname <> 'sql' and ${USER_SCHEMA} and ${notOfExtension('pg_proc', 'p.oid')} order by 1`,
  found: ({name, language}) => ({
    what: `function ${name} is written in ${language}, which takes a superuser`,
    remedy: 'write it anew in a trusted language, or drop it',
    fix: `drop function ${name}`,
  }),
})

const herokuHelpers = catalogCheck<{name: string}>({
  id: 'heroku-helpers',
  question: 'Do functions of yours call helpers of Heroku?',
  level: 'warning',
  example: {
    on: 'source',
    sql: `create function public.reset_stats() returns void language plpgsql as 'begin perform _heroku.pg_stat_statements_reset(); end'`,
  },
  sql: `
    select p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where p.prosrc ~ '\\m_heroku\\.' and ${USER_SCHEMA} and ${notOfExtension('pg_proc', 'p.oid')} order by 1`,
  found: ({name}) => ({
    what: `function ${name} calls schema _heroku, which exists on Heroku only`,
    remedy: 'call the function of Postgres itself, or drop yours',
    fix: `drop function ${name}`,
  }),
})

const foreignServers = catalogCheck<{name: string}>({
  id: 'foreign-servers',
  question: 'Does the database reach into others?',
  level: 'warning',
  example: {
    on: 'source',
    superuser: true,
    sql: 'create extension postgres_fdw; create server elsewhere foreign data wrapper postgres_fdw',
    cure: 'drop extension postgres_fdw cascade',
  },
  sql: 'select quote_ident(srvname) as name from pg_foreign_server order by 1',
  found: ({name}) => ({
    what: `foreign server ${name} must be reachable from RDS, and its user mappings carry credentials`,
    remedy: 'drop it where it is not needed; otherwise create its user mapping again on RDS',
    fix: `drop server ${name} cascade`,
  }),
})

const publications = catalogCheck<{name: string}>({
  id: 'publications',
  question: 'Does somebody replicate from this database?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create table public.published (id int primary key); create publication readers for table public.published',
  },
  sql: 'select quote_ident(pubname) as name from pg_publication order by 1',
  found: ({name}) => ({
    what: `publication ${name} is not carried to RDS`,
    remedy: 'drop it, or create it again on RDS after the move',
    fix: `drop publication ${name}`,
  }),
})

const slots = catalogCheck<{name: string; active: boolean}>({
  id: 'replication-slots',
  question: 'Do slots keep write-ahead log for somebody?',
  level: 'warning',
  example: {
    on: 'source',
    superuser: true,
    sql: `select pg_create_physical_replication_slot('reader')`,
    cure: `select pg_drop_replication_slot('reader')`,
  },
  sql: 'select slot_name as name, active from pg_replication_slots where not temporary order by 1',
  found: ({name, active}) => ({
    what: `replication slot ${name} is ${active ? 'in use' : 'left behind: it keeps log until the disk is full'}`,
    remedy: 'point its reader at RDS after the move; ask Heroku to drop it where nobody reads it',
  }),
})

export default [
  alwaysTriggers,
  disabledTriggers,
  rules,
  eventTriggers,
  untrusted,
  herokuHelpers,
  foreignServers,
  publications,
  slots,
] satisfies Check[]
