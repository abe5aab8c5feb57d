import {MOST_LOGGED_BYTES, MOST_LOGGED_COLUMNS} from '../../../capture/log.js'
import {catalogCheck, type Check} from '../../check.js'
import {NAME, RELATIONS, relationOf} from './relations.js'

interface Named {
  name: string
}

/** SQL: `i` is an index of relation `c` that can be its replica identity. */
export const NAMES_ROWS = `i.indrelid = c.oid
          and i.indisunique
          and i.indisvalid
          and i.indimmediate
          and i.indpred is null
          and i.indexprs is null
          and not exists (
            select from unnest(i.indkey) k
            join pg_attribute a on a.attrelid = c.oid and a.attnum = k
            where not a.attnotnull)`

const withoutKey = catalogCheck<Named & {size: string}>({
  id: 'tables-without-key',
  question: 'Does every table have a primary key, or a unique index on NOT NULL columns?',
  level: 'warning',
  hinders: ['logical-decoding'],
  example: {on: 'source', sql: 'create table public.keyless (note text)'},
  sql: `
    select ${NAME} as name, pg_size_pretty(pg_total_relation_size(c.oid)) as size
    from ${RELATIONS}
    where c.relkind = 'r'
      and not c.relispartition
      and not exists (
        select from pg_index i
        where ${NAMES_ROWS})
    order by pg_total_relation_size(c.oid) desc, 1`,
  found: ({name, size}) => ({
    what: `${name} (${size}) has neither a primary key nor a unique index on NOT NULL columns`,
    remedy: 'use change capture, or add a primary key; this rewrites the table under an exclusive lock',
    fix: `alter table ${name} add column id bigint generated always as identity primary key`,
  }),
})

/** Columns a table can have, dropped ones included. */
const MOST_COLUMNS = 1600

const tooWide = catalogCheck<Named & {columns: number; numbers: number}>({
  id: 'rows-too-wide-to-log',
  question: 'Is every table without a key narrow enough for a log of its rows?',
  level: 'warning',
  hinders: ['row-log'],
  example: {
    on: 'source',
    sql: `do $$ begin
      execute 'create table public.wide (' || (
        select string_agg(format('c%s boolean', nth), ', ') from generate_series(1, 1598) nth) || ')';
    end $$`,
  },
  sql: `
    select ${NAME} as name, live.columns, c.relnatts::int as numbers
    from ${RELATIONS}
    cross join lateral (
      select count(*)::int as columns,
        coalesce(sum(a.attlen) filter (where a.attlen > 0), 0) as bytes
      from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') live
    where c.relkind = 'r'
      and (live.columns > ${MOST_LOGGED_COLUMNS} or live.bytes > ${MOST_LOGGED_BYTES})
      and not exists (
        select from pg_index i
        where ${NAMES_ROWS})
    order by 1`,
  found: ({name, columns, numbers}) => ({
    what: `${name} has no key and ${columns} columns: change capture logs its rows whole, with three columns of its own, which is more than a row of Postgres holds`,
    remedy: `add a primary key, or ${numbers < MOST_COLUMNS ? '' : 'as it can have no further column, '}a unique index on NOT NULL columns; or use another method`,
    ...(numbers < MOST_COLUMNS
      ? {fix: `alter table ${name} add column id bigint generated always as identity primary key`}
      : {}),
  }),
})

const unlogged = catalogCheck<Named>({
  id: 'unlogged-tables',
  question: 'Are there unlogged tables, which replication does not copy?',
  level: 'warning',
  hinders: ['logical-decoding'],
  example: {on: 'source', sql: 'create unlogged table public.scratch (id int primary key)'},
  sql: `select ${NAME} as name from ${RELATIONS} where c.relkind = 'r' and c.relpersistence = 'u' order by 1`,
  found: ({name}) => ({
    what: `${name} is unlogged: replication does not copy it`,
    remedy: 'use another method, or run set logged; this rewrites the table under an exclusive lock',
    fix: `alter table ${name} set logged`,
  }),
})

const temporary = catalogCheck<{count: number}>({
  id: 'temporary-tables',
  question: 'Do sessions use temporary tables?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create temporary table basket (id int)',
    held: true,
    byHand: 'app',
    undo: 'drop table basket',
  },
  sql: `select count(*)::int as count from pg_class where relpersistence = 't' and relkind = 'r' having count(*) > 0`,
  found: ({count}) => ({
    what: `temporary tables in use: ${count}; each is dropped when its session ends, in the window at the latest`,
    remedy: 'make sure that the app can create their contents again',
  }),
})

const inheritance = catalogCheck<Named & {parent: string}>({
  id: 'inheritance',
  question: 'Do tables inherit from others (INHERITS), other than as partitions?',
  level: 'warning',
  hinders: ['ordinary-statements'],
  example: {
    on: 'source',
    sql: 'create table public.elder (id int primary key); create table public.younger (primary key (id)) inherits (public.elder)',
  },
  sql: `
    select ${NAME} as name, i.inhparent::regclass::text as parent from pg_inherits i
    join ${relationOf('i.inhrelid')} where c.relkind = 'r' and not c.relispartition order by 1`,
  found: ({name, parent}) => ({
    what: `${name} inherits from ${parent}: DMS would copy its rows twice`,
    remedy: 'use another method, or end the inheritance with no inherit',
    fix: `alter table ${name} no inherit ${parent}`,
  }),
})

const replicaIdentity = catalogCheck<Named>({
  id: 'replica-identity',
  question: 'Are there tables with REPLICA IDENTITY NOTHING?',
  level: 'warning',
  hinders: ['logical-decoding'],
  example: {
    on: 'source',
    sql: 'create table public.nameless (id int primary key); alter table public.nameless replica identity nothing',
  },
  sql: `select ${NAME} as name from ${RELATIONS} where c.relkind = 'r' and c.relreplident = 'n' order by 1`,
  found: ({name}) => ({
    what: `${name} has replica identity nothing: its updates and deletes would fail once it is published`,
    remedy: 'reset it with replica identity default',
    fix: `alter table ${name} replica identity default`,
  }),
})

const partitionsWithoutKey = catalogCheck<Named & {root: string; size: string}>({
  id: 'partitions-without-key',
  question: 'Does every partition have a primary key, a unique index on NOT NULL columns or replica identity full?',
  level: 'warning',
  hinders: ['logical-decoding'],
  example: {
    on: 'source',
    sql: `create table public.readings (at date, value int) partition by range (at);
      create table public.readings_rest partition of public.readings default`,
  },
  sql: `
    select ${NAME} as name,
      pg_partition_root(c.oid)::regclass::text as root,
      pg_size_pretty(pg_total_relation_size(c.oid)) as size
    from ${RELATIONS}
    where c.relkind = 'r'
      and c.relispartition
      and c.relreplident <> 'f'
      and not exists (
        select from pg_index i
        where ${NAMES_ROWS})
    order by 1`,
  found: ({name, root, size}) => ({
    what: `${name} (${size}), a partition of ${root}, has neither a key nor replica identity full`,
    remedy: `give ${root} a primary key that includes its partition columns, or set replica identity full on the partition, which logs whole rows`,
    fix: `alter table ${name} replica identity full`,
  }),
})

const unmarkedKeys = catalogCheck<Named & {index: string}>({
  id: 'unmarked-keys',
  question: 'Do tables without a primary key have a unique index as their replica identity?',
  level: 'warning',
  hinders: ['subscription'],
  example: {
    on: 'source',
    sql: 'create table public.keyed (code text not null unique)',
  },
  sql: `
    select ${NAME} as name, quote_ident(min(x.relname)) as index
    from ${RELATIONS}
    join pg_index i on ${NAMES_ROWS}
    join pg_class x on x.oid = i.indexrelid
    where c.relkind = 'r'
      and c.relreplident = 'd'
      and not exists (select from pg_index p where p.indrelid = c.oid and p.indisprimary)
    group by 1
    order by 1`,
  found: ({name, index}) => ({
    what: `${name} has no primary key, and its unique index ${index} is not its replica identity`,
    remedy: 'set its replica identity with replica identity using index',
    fix: `alter table ${name} replica identity using index ${index}`,
  }),
})

const detaching = catalogCheck<Named & {parent: string}>({
  id: 'detaching-partitions',
  question: 'Is a partition half detached (DETACH PARTITION CONCURRENTLY without FINALIZE)?',
  level: 'warning',
  example: {
    on: 'source',
    superuser: true,
    sql: `create table public.slices (id int primary key) partition by range (id);
      create table public.slices_rest partition of public.slices for values from (0) to (10);
      update pg_inherits set inhdetachpending = true where inhrelid = 'public.slices_rest'::regclass`,
  },
  sql: `
    select ${NAME} as name, i.inhparent::regclass::text as parent from pg_inherits i
    join ${relationOf('i.inhrelid')} where to_jsonb(i) ->> 'inhdetachpending' = 'true' order by 1`,
  found: ({name, parent}) => ({
    what: `${name} is half detached from ${parent}: a query of ${parent} does not return its rows`,
    remedy: 'finish it with detach partition … finalize',
    fix: `alter table ${parent} detach partition ${name} finalize`,
  }),
})

export default [
  withoutKey,
  tooWide,
  partitionsWithoutKey,
  unmarkedKeys,
  replicaIdentity,
  unlogged,
  temporary,
  inheritance,
  detaching,
] satisfies Check[]
