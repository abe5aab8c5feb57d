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

const baseTypes = catalogCheck<{name: string; column: string | null}>({
  id: 'base-types',
  question: 'Are there base types of your own, which only a superuser can create?',
  level: 'blocker',
  example: {
    on: 'source',
    superuser: true,
    sql: `create type public.mini;
      create function public.mini_in(cstring) returns public.mini language internal strict immutable as 'int4in';
      create function public.mini_out(public.mini) returns cstring language internal strict immutable as 'int4out';
      create type public.mini (input = public.mini_in, output = public.mini_out, like = int)`,
  },
  sql: `
    select format('%I.%I', n.nspname, t.typname) as name,
      (select min(format('%I of %s', a.attname, a.attrelid::regclass))
       from pg_attribute a
       where a.atttypid in (t.oid, t.typarray) and a.attnum > 0 and not a.attisdropped) as column
    from pg_type t
    join pg_namespace n on n.oid = t.typnamespace
    -- a type that is only named, as by create type without a definition, is of typtype p
    where (t.typtype = 'b' and t.typelem = 0 or t.typtype = 'p')
      and ${USER_SCHEMA}
      and ${notOfExtension('pg_type', 't.oid')}
      and not exists (select from pg_type e where e.typarray = t.oid)
    order by 1`,
  found: ({name, column}) => ({
    what: `type ${name} is a base type of your own, which cannot be created on RDS${column === null ? '' : `; column ${column} uses it`}`,
    remedy: 'change its columns to a built-in type, then drop it with its functions (cascade)',
    // while a column uses it, that would drop the column as well
    ...(column === null ? {fix: `drop type ${name} cascade`} : {}),
  }),
})

const domains = catalogCheck<{domain: string; name: string}>({
  id: 'unvalidated-domains',
  question: 'Are there domains with NOT VALID constraints, which existing rows may violate?',
  level: 'warning',
  example: {on: 'source', sql: 'alter domain public.cents add constraint modest check (value < 1000000) not valid'},
  sql: `
    select k.contypid::regtype::text as domain, quote_ident(k.conname) as name
    from pg_constraint k
    join pg_type t on t.oid = k.contypid
    join pg_namespace n on n.oid = t.typnamespace
    where not k.convalidated
      and ${USER_SCHEMA}
      and ${notOfExtension('pg_type', 't.oid')}
    order by 1, 2`,
  found: ({domain, name}) => ({
    what: `constraint ${name} of domain ${domain} is not valid: RDS would refuse a row that violates it`,
    remedy: 'run validate constraint, and correct the rows that violate it',
    fix: `alter domain ${domain} validate constraint ${name}`,
  }),
})

const objectNumbers = catalogCheck<Column>({
  id: 'object-ids',
  question: 'Do columns hold OIDs (oid, regclass and the like), which differ on RDS?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create table public.pointers (id int primary key, points_to oid)',
    cure: 'alter table public.pointers alter points_to type bigint',
  },
  sql: columnsOf(`
      (t.typnamespace = 'pg_catalog'::regnamespace and t.typname ~ '^reg'
        or t.oid = 'oid'::regtype
        or t.typbasetype = 'oid'::regtype)`),
  found: ({column, type}) => ({
    what: `${column} is of type ${type}: the object it refers to has another OID on RDS, or does not exist there`,
    remedy: 'store names as text instead of OIDs; use bigint for plain numbers',
  }),
})

const positions = catalogCheck<Column>({
  id: 'server-positions',
  question: 'Do columns hold transaction IDs or WAL positions (xid, pg_snapshot, pg_lsn)?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create table public.outbox (id int primary key, written xid)',
    byHand: 'app',
    undo: 'drop table public.outbox',
  },
  sql: columnsOf(`t.oid in ('xid'::regtype, 'xid8'::regtype, 'cid'::regtype, 'tid'::regtype, 'pg_lsn'::regtype,
      'pg_snapshot'::regtype, 'txid_snapshot'::regtype)`),
  found: ({column, type}) => ({
    what: `${column} is of type ${type}: transaction IDs and WAL positions start over on RDS, so new values are smaller than old ones`,
    remedy: 'make sure that nothing compares values from before the move with later ones',
  }),
})

const generated = catalogCheck<{columns: string}>({
  id: 'generated-columns',
  question: 'Are there generated columns, which DMS cannot write?',
  level: 'warning',
  hinders: ['ordinary-statements'],
  example: {
    on: 'source',
    sql: 'create table public.squares (id int primary key, square int generated always as (id * id) stored)',
    byHand: 'another-method',
    undo: 'drop table public.squares',
  },
  sql: `
    select string_agg(${COLUMN}, ', ' order by 1) as columns
    from ${COLUMNS}
    where a.attgenerated <> ''
    having count(*) > 0`,
  found: ({columns}) => ({
    what: `DMS writes to generated columns, which the target refuses: ${columns}`,
    remedy: 'use another method, or exclude them with a transformation rule',
  }),
})

const typesForDms = catalogCheck<Column>({
  id: 'types-for-dms',
  question: 'Are there columns of types that DMS does not copy?',
  level: 'warning',
  hinders: ['ordinary-statements'],
  example: {
    on: 'source',
    sql: 'create table public.bookings (id int primary key, during tstzrange)',
    byHand: 'another-method',
    undo: 'drop table public.bookings',
  },
  sql: columnsOf(`(t.typtype in ('c', 'r', 'm') or t.oid in ('tsvector'::regtype, 'tsquery'::regtype))`),
  found: ({column, type}) => ({
    what: `DMS does not copy ${column} of type ${type}`,
    remedy: 'use another method: all others copy it',
  }),
})

const namesForDms = catalogCheck<{names: string}>({
  id: 'names-for-dms',
  question: 'Are there table names that need quoting, which DMS handles in its own way?',
  level: 'warning',
  hinders: ['ordinary-statements'],
  example: {
    on: 'source',
    sql: 'create table public."Order;s" (id int primary key)',
    cure: 'alter table public."Order;s" rename to order_s',
  },
  sql: `
    select string_agg(name, ', ' order by name) as names
    from (
      select ${NAME} as name
      from ${RELATIONS}
      where c.relkind in ('r', 'p')
        and c.relname !~ '^[A-Za-z_][A-Za-z0-9_$]*$'
      limit 5) odd
    having count(*) > 0`,
  found: ({names}) => ({
    what: `the table names ${names} need quoting`,
    remedy: 'use another method, or rename the tables',
  }),
})

const caseTwins = catalogCheck<{names: string}>({
  id: 'names-that-differ-by-case',
  question: 'Do table names differ only by case?',
  level: 'warning',
  hinders: ['ordinary-statements'],
  example: {
    on: 'source',
    sql: 'create table public."Events" (id int primary key)',
    cure: 'alter table public."Events" rename to other_events',
  },
  sql: `
    select string_agg(${NAME}, ' and ' order by c.relname) as names from ${RELATIONS} where c.relkind in ('r', 'p')
    group by lower(n.nspname), lower(c.relname) having count(*) > 1 order by 1`,
  found: ({names}) => ({
    what: `DMS treats ${names} as one table`,
    remedy: 'use another method, or rename one of them',
  }),
})

const searchFiles = catalogCheck<{name: string}>({
  id: 'text-search-files',
  question: 'Do text search dictionaries read files of the server?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create text search dictionary public.spelling (template = ispell, dictfile = ispell_sample, afffile = ispell_sample)',
  },
  sql: `
    select format('%I.%I', n.nspname, x.dictname) as name
    from pg_ts_dict x
    join pg_namespace n on n.oid = x.dictnamespace
    where ${USER_SCHEMA}
      and ${notOfExtension('pg_ts_dict', 'x.oid')}
      and x.dictinitoption ~* '\\m(dictfile|afffile|synonyms|rules|thesaurus)\\M'
    order by 1`,
  found: ({name}) => ({
    what: `text search dictionary ${name} reads a file of the server, which RDS may not have`,
    remedy: 'test beforehand that RDS can create it; drop it if the file is missing there',
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
