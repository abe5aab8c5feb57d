import {catalogCheck, type Check} from '../../check.js'
import {NAME, relationOf} from './relations.js'

const invalidIndexes = catalogCheck<{name: string}>({
  id: 'invalid-indexes',
  question: 'Are there invalid indexes, which are not copied?',
  level: 'warning',
  example: {
    on: 'source',
    superuser: true,
    sql: `create table public.broken (id int);
      create index broken_id on public.broken (id);
      update pg_index set indisvalid = false where indexrelid = 'public.broken_id'::regclass`,
  },
  sql: `
    select ${NAME} as name from pg_index i join ${relationOf('i.indexrelid')}
    where not i.indisvalid and c.relkind = 'i' order by 1`,
  found: ({name}) => ({
    what: `index ${name} is invalid, as a failed create index concurrently leaves it: it serves no query, and is not copied`,
    remedy: 'drop it, and create it again without what made it fail; or leave it, and create it on RDS after the move',
    fix: `drop index ${name}`,
  }),
})

const duplicateIndexes = catalogCheck<{name: string; twin: string}>({
  id: 'duplicate-indexes',
  question: 'Are there duplicate indexes, which would both be built on RDS?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create table public.doubled (id int); create index one on public.doubled (id); create index two on public.doubled (id)',
  },
  sql: `
    select max(${NAME}) as name, min(${NAME}) as twin
    from pg_index i
    join ${relationOf('i.indexrelid')}
    where c.relkind = 'i'
      and not i.indisprimary
      and not c.relispartition
      and not exists (select from pg_constraint k where k.conindid = c.oid)
    group by i.indrelid, c.relam,
      i.indkey::text, i.indclass::text, i.indcollation::text, i.indoption::text, i.indisunique,
      coalesce(pg_get_expr(i.indexprs, i.indrelid), ''),
      coalesce(pg_get_expr(i.indpred, i.indrelid), '')
    having count(*) > 1
    order by 1`,
  found: ({name, twin}) => ({
    what: `index ${name} is a duplicate of ${twin}`,
    remedy: 'drop one of them: it slows every write, and the copy',
    fix: `drop index ${name}`,
  }),
})

const notValid = catalogCheck<{name: string; table: string}>({
  id: 'constraints-not-valid',
  question: 'Are there NOT VALID constraints, which existing rows may violate?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create table public.unchecked (id int); alter table public.unchecked add constraint positive check (id > 0) not valid',
  },
  sql: `
    select quote_ident(k.conname) as name, ${NAME} as table from pg_constraint k
    join ${relationOf('k.conrelid')} where not k.convalidated order by 2, 1`,
  found: ({name, table}) => ({
    what: `constraint ${name} on ${table} is not valid, and stays not valid on RDS`,
    remedy: 'run validate constraint, which reads the table and blocks no writes',
    fix: `alter table ${table} validate constraint ${name}`,
  }),
})

const deferredKeys = catalogCheck<{name: string; table: string}>({
  id: 'deferrable-keys',
  question: 'Are there deferrable primary keys, which cannot be a replica identity?',
  level: 'warning',
  hinders: ['subscription'],
  example: {
    on: 'source',
    sql: 'create table public.late (id int constraint late_key primary key deferrable)',
    cure: 'alter table public.late drop constraint late_key, add primary key (id)',
  },
  sql: `
    select quote_ident(k.conname) as name, ${NAME} as table from pg_constraint k
    join ${relationOf('k.conrelid')}
    where k.contype = 'p' and k.condeferrable order by 2, 1`,
  found: ({name, table}) => ({
    what: `primary key ${name} of ${table} is deferrable: replication cannot identify rows by it`,
    remedy: 'use another method, or create the key again as not deferrable',
  }),
})

const exclusions = catalogCheck<{names: string}>({
  id: 'exclusion-constraints',
  question: 'Are there exclusion constraints, which conflict with rows applied out of order?',
  level: 'warning',
  hinders: ['ordinary-statements'],
  example: {
    on: 'source',
    sql: 'create table public.rooms (id int primary key, spot box, exclude using gist (spot with &&))',
    byHand: 'another-method',
    undo: 'drop table public.rooms',
  },
  sql: `
    select string_agg(${NAME}, ', ' order by 1) as names from pg_constraint k
    join ${relationOf('k.conrelid')} where k.contype = 'x' having count(*) > 0`,
  found: ({names}) => ({
    what: `exclusion constraints on ${names}: DMS does not create them`,
    remedy: 'use another method',
  }),
})

const silencedForeignKeys = catalogCheck<{table: string; names: string}>({
  id: 'silenced-foreign-keys',
  question: 'Are foreign keys disabled (DISABLE TRIGGER ALL), so that orphaned rows could stop the move?',
  level: 'warning',
  example: {
    on: 'source',
    superuser: true,
    sql: 'alter table public.order_lines disable trigger all',
    cure: 'alter table public.order_lines enable trigger all',
  },
  sql: `
    select ${NAME} as table, string_agg(distinct quote_ident(k.conname), ', ') as names
    from pg_trigger t join pg_constraint k on k.oid = t.tgconstraint join ${relationOf('t.tgrelid')}
    where t.tgisinternal and t.tgenabled = 'D' and k.contype = 'f' group by 1 order by 1`,
  found: ({table, names}) => ({
    what: `foreign key ${names} is disabled on ${table}; on RDS it is checked against every row`,
    remedy: 'delete or correct orphaned rows; ask Heroku support to enable the triggers again, which takes a superuser',
  }),
})

export default [
  invalidIndexes,
  duplicateIndexes,
  notValid,
  deferredKeys,
  exclusions,
  silencedForeignKeys,
] satisfies Check[]
