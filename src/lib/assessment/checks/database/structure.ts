import {catalogCheck, type Check} from '../../check.js'
import {NAME, relationOf} from './relations.js'

const invalidIndexes = catalogCheck<{name: string}>({
  id: 'invalid-indexes',
  question: 'Is an index invalid, so that it would be built for the first time?',
  level: 'warning',
  example: {
    on: 'source',
    superuser: true,
    sql: `create table public.broken (id int); create index broken_id on public.broken (id); update pg_index set indisvalid = false where indexrelid = 'public.broken_id'::regclass`,
    cure: 'drop table public.broken',
  },
  sql: `
    select ${NAME} as name from pg_index i join ${relationOf('i.indexrelid')}
    where not i.indisvalid and c.relkind = 'i' order by 1`,
  found: ({name}) => ({
    what: `index ${name} is invalid here and would be built on RDS, where a duplicate key would stop it`,
    remedy: 'build it anew, or drop it',
    fix: `reindex index ${name}`,
  }),
})

const duplicateIndexes = catalogCheck<{name: string; twin: string}>({
  id: 'duplicate-indexes',
  question: 'Are there indexes twice, which would be built twice in the window?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create table public.doubled (id int); create index one on public.doubled (id); create index two on public.doubled (id)',
  },
  sql: `
    select max(${NAME}) as name, min(${NAME}) as twin from pg_index i
    join ${relationOf('i.indexrelid')}
    where c.relkind = 'i' and not i.indisprimary and not c.relispartition and not exists (select from pg_constraint k where k.conindid = c.oid)
    group by i.indrelid, c.relam, i.indkey::text, i.indclass::text, i.indcollation::text, i.indoption::text, i.indisunique,
      coalesce(pg_get_expr(i.indexprs, i.indrelid), ''), coalesce(pg_get_expr(i.indpred, i.indrelid), '')
    having count(*) > 1 order by 1`,
  found: ({name, twin}) => ({
    what: `index ${name} is the same as ${twin}`,
    remedy: 'drop one of them: it costs every write, and time in the window',
    fix: `drop index ${name}`,
  }),
})

const notValid = catalogCheck<{name: string; table: string}>({
  id: 'constraints-not-valid',
  question: 'Are there constraints that the rows may break already?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create table public.unchecked (id int); alter table public.unchecked add constraint positive check (id > 0) not valid',
  },
  sql: `
    select quote_ident(k.conname) as name, ${NAME} as table from pg_constraint k
    join ${relationOf('k.conrelid')} where not k.convalidated order by 2, 1`,
  found: ({name, table}) => ({
    what: `constraint ${name} on ${table} is not valid, and stays so on RDS`,
    remedy: 'validate it; this reads the table and blocks no writer',
    fix: `alter table ${table} validate constraint ${name}`,
  }),
})

const deferredKeys = catalogCheck<{name: string; table: string}>({
  id: 'deferrable-keys',
  question: 'Are there keys that are checked late, so that no row can be named by them?',
  level: 'warning',
  hinders: ['subscription'],
  example: {
    on: 'source',
    sql: 'create table public.late (id int constraint late_key primary key deferrable)',
    cure: 'drop table public.late',
  },
  sql: `
    select quote_ident(k.conname) as name, ${NAME} as table from pg_constraint k
    join ${relationOf('k.conrelid')}
    where k.contype = 'p' and k.condeferrable order by 2, 1`,
  found: ({name, table}) => ({
    what: `primary key ${name} of ${table} is deferrable: replication cannot name rows by it`,
    remedy: 'take another method, or make it an ordinary key',
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
    cure: 'drop table public.rooms',
  },
  sql: `
    select string_agg(${NAME}, ', ' order by 1) as names from pg_constraint k
    join ${relationOf('k.conrelid')} where k.contype = 'x' having count(*) > 0`,
  found: ({names}) => ({
    what: `exclusion constraints on ${names}: DMS does not make them`,
    remedy: 'take another method',
  }),
})

const silencedForeignKeys = catalogCheck<{table: string; names: string}>({
  id: 'silenced-foreign-keys',
  question: 'Was a foreign key switched off, so that orphans could stop the move?',
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
    what: `foreign key ${names} is switched off on ${table}: on RDS it is checked against every row`,
    remedy:
      'look for rows whose other half is missing; switching it on again takes a superuser, which is Heroku support',
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
