import {catalogCheck, type Check} from '../../check.js'
import {NAME, RELATIONS, relationOf} from './relations.js'

interface Named {
  name: string
}

const withoutKey = catalogCheck<Named & {size: string}>({
  id: 'tables-without-key',
  question: 'Can every row be named by a key?',
  level: 'warning',
  blocks: ['logical-replication', 'dms'],
  example: {on: 'source', sql: 'create table public.keyless (note text)'},
  sql: `
    select ${NAME} as name, pg_size_pretty(pg_total_relation_size(c.oid)) as size from ${RELATIONS}
    where c.relkind = 'r' and not c.relispartition and not exists (
      select from pg_index i where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indimmediate
        and i.indexprs is null and not exists (
          select from unnest(i.indkey) k join pg_attribute a on a.attrelid = c.oid and a.attnum = k where not a.attnotnull))
    order by pg_total_relation_size(c.oid) desc, 1`,
  found: ({name, size}) => ({
    what: `${name} (${size}) has neither a primary key nor a unique index on columns that are never null`,
    remedy: 'give it a key; on a large table this rewrites it',
    fix: `alter table ${name} add column id bigint generated always as identity primary key`,
  }),
})

const unlogged = catalogCheck<Named>({
  id: 'unlogged-tables',
  question: 'Would a crash of the source empty a table?',
  level: 'warning',
  blocks: ['logical-replication', 'dms'],
  example: {on: 'source', sql: 'create unlogged table public.scratch (id int primary key)'},
  sql: `select ${NAME} as name from ${RELATIONS} where c.relkind = 'r' and c.relpersistence = 'u' order by 1`,
  found: ({name}) => ({
    what: `${name} is unlogged: replication does not carry it`,
    remedy: 'make it a logged table; this rewrites it',
    fix: `alter table ${name} set logged`,
  }),
})

const temporary = catalogCheck<{count: number}>({
  id: 'temporary-tables',
  question: 'Do sessions keep something in temporary tables?',
  level: 'warning',
  example: {on: 'source', sql: 'create temporary table basket (id int)', held: true, cure: 'drop table basket'},
  sql: `select count(*)::int as count from pg_class where relpersistence = 't' and relkind = 'r' having count(*) > 0`,
  found: ({count}) => ({
    what: `${count} temporary tables are in use: they end with their sessions, in the window at the latest`,
    remedy: 'make sure that what is in them can be made again',
  }),
})

const inheritance = catalogCheck<Named & {parent: string}>({
  id: 'inheritance',
  question: 'Do tables inherit from others, other than as partitions?',
  level: 'warning',
  blocks: ['dms'],
  example: {
    on: 'source',
    sql: 'create table public.elder (id int primary key); create table public.younger (primary key (id)) inherits (public.elder)',
  },
  sql: `
    select ${NAME} as name, i.inhparent::regclass::text as parent from pg_inherits i
    join ${relationOf('i.inhrelid')} where c.relkind = 'r' and not c.relispartition order by 1`,
  found: ({name, parent}) => ({
    what: `${name} inherits from ${parent}: DMS would copy its rows twice`,
    remedy: 'take another method, or cut the tie',
    fix: `alter table ${name} no inherit ${parent}`,
  }),
})

const replicaIdentity = catalogCheck<Named>({
  id: 'replica-identity',
  question: 'Does a table refuse to tell which row changed?',
  level: 'warning',
  blocks: ['logical-replication', 'dms'],
  example: {
    on: 'source',
    sql: 'create table public.nameless (id int primary key); alter table public.nameless replica identity nothing',
  },
  sql: `select ${NAME} as name from ${RELATIONS} where c.relkind = 'r' and c.relreplident = 'n' order by 1`,
  found: ({name}) => ({
    what: `${name} has replica identity nothing: its updates and deletes would fail once it is published`,
    remedy: 'give it back its key',
    fix: `alter table ${name} replica identity default`,
  }),
})

const objectIds = catalogCheck<Named & {column: string; type: string}>({
  id: 'object-ids',
  question: 'Do columns hold numbers that mean something on this server only?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create table public.pointers (id int primary key, points_to oid)',
    cure: 'drop table public.pointers',
  },
  sql: `
    select ${NAME} as name, quote_ident(a.attname) as column, format_type(a.atttypid, a.atttypmod) as type
    from ${RELATIONS} join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind in ('r', 'p') and a.atttypid in ('oid'::regtype, 'regclass'::regtype, 'regproc'::regtype, 'regprocedure'::regtype,
      'regoper'::regtype, 'regoperator'::regtype, 'regtype'::regtype, 'regrole'::regtype, 'regnamespace'::regtype, 'regconfig'::regtype,
      'regdictionary'::regtype, 'xid'::regtype, 'cid'::regtype, 'tid'::regtype, 'pg_lsn'::regtype) order by 1, a.attnum`,
  found: ({name, column, type}) => ({
    what: `${name}.${column} is of type ${type}: its values name things of this server`,
    remedy: 'keep names instead of numbers, or make sure nothing relies on them after the move',
  }),
})

const dmsTypes = catalogCheck<Named & {column: string; type: string}>({
  id: 'types-for-dms',
  question: 'Are there columns that DMS does not carry?',
  level: 'warning',
  blocks: ['dms'],
  example: {
    on: 'source',
    sql: 'create table public.bookings (id int primary key, during tstzrange)',
    cure: 'drop table public.bookings',
  },
  sql: `
    select ${NAME} as name, quote_ident(a.attname) as column, format_type(a.atttypid, a.atttypmod) as type
    from ${RELATIONS} join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
    where c.relkind in ('r', 'p') and not c.relispartition and t.typtype in ('c', 'r', 'm') order by 1, a.attnum`,
  found: ({name, column, type}) => ({
    what: `DMS does not carry ${name}.${column} of type ${type}`,
    remedy: 'take another method: all others do',
  }),
})

const quoted = catalogCheck<{names: string}>({
  id: 'names-for-dms',
  question: 'Are there names that need quoting, which DMS treats in its own way?',
  level: 'warning',
  blocks: ['dms'],
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

const autovacuumOff = catalogCheck<Named & {options: string}>({
  id: 'vacuum-switched-off',
  question: 'Is autovacuum switched off for a table, which the target would inherit?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create table public.neglected (id int primary key) with (autovacuum_enabled = off)',
  },
  sql: `
    select ${NAME} as name, array_to_string(c.reloptions, ', ') as options from ${RELATIONS}
    where c.relkind = 'r' and exists (select from unnest(c.reloptions) o where o ~ '^autovacuum_enabled=(off|false|0|no)') order by 1`,
  found: ({name}) => ({
    what: `autovacuum is off for ${name}: it grows, and heads for a wraparound vacuum at the worst of times`,
    remedy: 'switch it on again',
    fix: `alter table ${name} reset (autovacuum_enabled)`,
  }),
})

const wideRows = catalogCheck<Named & {widest: string}>({
  id: 'wide-rows',
  question: 'Are there values of 100 MB or more, as far as a sample shows?',
  level: 'warning',
  example: {
    on: 'source',
    sql: `create table public.attachments (id int primary key, body text); alter table public.attachments alter body set storage external;
      insert into public.attachments values (1, repeat('x', 105000000))`,
    cure: 'drop table public.attachments',
  },
  sql: `
    with large as (
      select c.oid, ${NAME} as name, greatest(pg_relation_size(c.oid) / 8192, 1) as pages,
        (select string_agg(format('pg_column_size(%I)', a.attname), ', ') from pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attlen = -1) as sizes
      from ${RELATIONS} where c.relkind in ('r', 'm') and c.reltoastrelid <> 0 and pg_relation_size(c.reltoastrelid) >= 100000000
      order by pg_relation_size(c.reltoastrelid) desc limit 20)
    select name, pg_size_pretty(widest) as widest from large cross join lateral (
      select (xpath('/row/max/text()', query_to_xml(format('select max(greatest(%s)) from only %s tablesample system (%s)',
        sizes, name, least(100, 100000.0 / pages)), false, true, '')))[1]::text::bigint as widest) sampled
    where widest >= 100000000`,
  found: ({name, widest}) => ({
    what: `${name} holds a value of ${widest}, and the sample may have missed larger ones`,
    remedy: 'make sure the machine the move runs from has memory for several of them; S3 is the better place',
  }),
})

export default [
  withoutKey,
  unlogged,
  temporary,
  inheritance,
  replicaIdentity,
  objectIds,
  dmsTypes,
  quoted,
  autovacuumOff,
  wideRows,
] satisfies Check[]
