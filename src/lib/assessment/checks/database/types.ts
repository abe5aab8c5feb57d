import {notOfExtension, USER_SCHEMA} from '../../../postgres/catalog.js'
import {catalogCheck, type Check} from '../../check.js'
import {COLUMN, COLUMNS, NAME, RELATIONS} from './relations.js'

interface Column {
  column: string
  type: string
}

const columnsOf = (condition: string): string => `
    select ${COLUMN} as column, format_type(a.atttypid, a.atttypmod) as type
    from ${COLUMNS} where ${condition} order by 1, a.attnum`

const baseTypes = catalogCheck<{name: string}>({
  id: 'base-types',
  question: 'Are there types made of code, which take a superuser?',
  level: 'blocker',
  example: {
    on: 'source',
    superuser: true,
    sql: `create type public.mini;
      create function public.mini_in(cstring) returns public.mini language internal strict immutable as 'int4in';
      create function public.mini_out(public.mini) returns cstring language internal strict immutable as 'int4out';
      create type public.mini (input = public.mini_in, output = public.mini_out, like = int)`,
    cure: 'drop type public.mini cascade',
  },
  sql: `
    select format('%I.%I', n.nspname, t.typname) as name from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where (t.typtype = 'b' and t.typelem = 0 or t.typtype = 'p') and ${USER_SCHEMA} and ${notOfExtension('pg_type', 't.oid')}
      and not exists (select from pg_type e where e.typarray = t.oid) order by 1`,
  found: ({name}) => ({
    what: `type ${name} is a base type of your own: RDS lets nobody create it`,
    remedy: 'change its columns to a type of Postgres, then drop it',
    fix: `drop type ${name}`,
  }),
})

const domains = catalogCheck<{domain: string; name: string}>({
  id: 'unvalidated-domains',
  question: 'Was a constraint of a domain never checked against the rows that are there?',
  level: 'warning',
  example: {on: 'source', sql: 'alter domain public.cents add constraint modest check (value < 1000000) not valid'},
  sql: `
    select k.contypid::regtype::text as domain, quote_ident(k.conname) as name
    from pg_constraint k join pg_type t on t.oid = k.contypid join pg_namespace n on n.oid = t.typnamespace
    where not k.convalidated and ${USER_SCHEMA} and ${notOfExtension('pg_type', 't.oid')} order by 1, 2`,
  found: ({domain, name}) => ({
    what: `constraint ${name} of domain ${domain} is not valid: RDS would refuse a row that breaks it`,
    remedy: 'validate it, and mend the rows that it names',
    fix: `alter domain ${domain} validate constraint ${name}`,
  }),
})

const objectNumbers = catalogCheck<Column>({
  id: 'object-ids',
  question: 'Do columns hold numbers that mean something on this server only?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create table public.pointers (id int primary key, points_to oid)',
    cure: 'drop table public.pointers',
  },
  sql: columnsOf(`
      (t.typnamespace = 'pg_catalog'::regnamespace and t.typname ~ '^reg' or t.oid = 'oid'::regtype or t.typbasetype = 'oid'::regtype)`),
  found: ({column, type}) => ({
    what: `${column} is of type ${type}: what it points at has another number on RDS, or is not there`,
    remedy: 'keep names as text instead of numbers; a plain number should be bigint',
  }),
})

const positions = catalogCheck<Column>({
  id: 'server-positions',
  question: 'Do columns hold transaction numbers or log positions?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create table public.outbox (id int primary key, written xid)',
    cure: 'drop table public.outbox',
  },
  sql: columnsOf(`t.oid in ('xid'::regtype, 'xid8'::regtype, 'cid'::regtype, 'tid'::regtype, 'pg_lsn'::regtype,
      'pg_snapshot'::regtype, 'txid_snapshot'::regtype)`),
  found: ({column, type}) => ({
    what: `${column} is of type ${type}: RDS counts from a beginning of its own, so that new values are smaller than old ones`,
    remedy: 'let nothing compare values from before the move with later ones',
  }),
})

const generated = catalogCheck<{columns: string}>({
  id: 'generated-columns',
  question: 'Are there generated columns, which nobody may write?',
  level: 'warning',
  hinders: ['ordinary-statements'],
  example: {
    on: 'source',
    sql: 'create table public.squares (id int primary key, square int generated always as (id * id) stored)',
    cure: 'drop table public.squares',
  },
  sql: `select string_agg(${COLUMN}, ', ' order by 1) as columns from ${COLUMNS} where a.attgenerated <> '' having count(*) > 0`,
  found: ({columns}) => ({
    what: `DMS writes into generated columns, which the target refuses: ${columns}`,
    remedy: 'take another method, or leave them out by a transformation rule',
  }),
})

const typesForDms = catalogCheck<Column>({
  id: 'types-for-dms',
  question: 'Are there columns that DMS does not carry?',
  level: 'warning',
  hinders: ['ordinary-statements'],
  example: {
    on: 'source',
    sql: 'create table public.bookings (id int primary key, during tstzrange)',
    cure: 'drop table public.bookings',
  },
  sql: columnsOf(`(t.typtype in ('c', 'r', 'm') or t.oid in ('tsvector'::regtype, 'tsquery'::regtype))`),
  found: ({column, type}) => ({
    what: `DMS does not carry ${column} of type ${type}`,
    remedy: 'take another method: all others do',
  }),
})

const namesForDms = catalogCheck<{names: string}>({
  id: 'names-for-dms',
  question: 'Are there names that need quoting, which DMS treats in its own way?',
  level: 'warning',
  hinders: ['ordinary-statements'],
  example: {
    on: 'source',
    sql: 'create table public."Order;s" (id int primary key)',
    cure: 'drop table public."Order;s"',
  },
  sql: `
    select string_agg(name, ', ' order by name) as names from (
      select ${NAME} as name from ${RELATIONS} where c.relkind in ('r', 'p') and c.relname !~ '^[A-Za-z_][A-Za-z0-9_$]*$' limit 5) odd
    having count(*) > 0`,
  found: ({names}) => ({what: `the names ${names} need quoting`, remedy: 'take another method, or rename them'}),
})

const caseTwins = catalogCheck<{names: string}>({
  id: 'names-that-differ-by-case',
  question: 'Do names of tables differ by their capitals only?',
  level: 'warning',
  hinders: ['ordinary-statements'],
  example: {on: 'source', sql: 'create table public."Events" (id int primary key)', cure: 'drop table public."Events"'},
  sql: `
    select string_agg(${NAME}, ' and ' order by c.relname) as names from ${RELATIONS} where c.relkind in ('r', 'p')
    group by lower(n.nspname), lower(c.relname) having count(*) > 1 order by 1`,
  found: ({names}) => ({
    what: `${names} are one table to DMS`,
    remedy: 'take another method, or rename one of them',
  }),
})

const searchFiles = catalogCheck<{name: string}>({
  id: 'text-search-files',
  question: 'Does text search read files of the server?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create text search dictionary public.spelling (template = ispell, dictfile = ispell_sample, afffile = ispell_sample)',
  },
  sql: `
    select format('%I.%I', n.nspname, x.dictname) as name from pg_ts_dict x join pg_namespace n on n.oid = x.dictnamespace
    where ${USER_SCHEMA} and ${notOfExtension('pg_ts_dict', 'x.oid')}
      and x.dictinitoption ~* '\\m(dictfile|afffile|synonyms|rules|thesaurus)\\M' order by 1`,
  found: ({name}) => ({
    what: `text search dictionary ${name} reads a file of the server, which RDS may not have`,
    remedy: 'create it on RDS once, beforehand; where the file is missing, do without',
    fix: `drop text search dictionary ${name}`,
  }),
})

export default [
  baseTypes,
  domains,
  objectNumbers,
  positions,
  generated,
  typesForDms,
  namesForDms,
  caseTwins,
  searchFiles,
] satisfies Check[]
