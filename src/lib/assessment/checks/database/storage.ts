import {catalogCheck, type Check} from '../../check.js'
import {sourceAnswering} from '../answering.js'
import {NAME, RELATIONS, relationOf} from './relations.js'

const vacuumOff = catalogCheck<{name: string}>({
  id: 'vacuum-switched-off',
  question: 'Is autovacuum disabled for a table (autovacuum_enabled), which RDS would inherit?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create table public.neglected (id int primary key) with (autovacuum_enabled = off)',
  },
  sql: `
    select ${NAME} as name
    from ${RELATIONS}
    where c.relkind = 'r'
      and exists (
        select from pg_options_to_table(c.reloptions) o
        where o.option_name = 'autovacuum_enabled'
          and o.option_value in ('false', 'off', 'no', '0', 'f', 'n'))
    order by 1`,
  found: ({name}) => ({
    what: `autovacuum is disabled for ${name}: the table bloats, and an anti-wraparound vacuum can start at the worst time`,
    remedy: 'enable it by resetting autovacuum_enabled',
    fix: `alter table ${name} reset (autovacuum_enabled)`,
  }),
})

const wraparoundAge = catalogCheck<{name: string; used: string}>({
  id: 'wraparound-age',
  question:
    'Is an anti-wraparound vacuum (autovacuum_freeze_max_age) about to start, which does not yield to the fence?',
  level: 'warning',
  example: {
    on: 'source',
    superuser: true,
    // the shop's table is as old as a table gets, as far as its catalog entry says
    sql: `update pg_class set relfrozenxid = (((txid_current() + 4294967296 - 195000000) % 4294967296)::text)::xid
      where oid = 'public.order_lines'::regclass`,
  },
  sql: `
    select ${NAME} as name, round(100.0 * age(c.relfrozenxid) / most.age)::text as used
    from ${RELATIONS}
    -- a table can lower the limit of the server, not raise it
    cross join lateral (
      select least(current_setting('autovacuum_freeze_max_age')::int, min(o.option_value::int)) as age
      from pg_options_to_table(c.reloptions) o
      where o.option_name = 'autovacuum_freeze_max_age') most
    where c.relkind in ('r', 'm')
      and c.relfrozenxid <> '0'::xid
      and age(c.relfrozenxid) > 0.9 * most.age
    order by age(c.relfrozenxid) desc, 1
    limit 20`,
  found: ({name, used}) => ({
    what: `${name} is at ${used} % of autovacuum_freeze_max_age: an anti-wraparound vacuum, which does not yield to locks, is about to start`,
    remedy: 'run vacuum (freeze) at a quiet hour before the move',
    fix: `vacuum (freeze) ${name}`,
  }),
})

const tablespaces = catalogCheck<{name: string; tablespace: string}>({
  id: 'tablespaces',
  question: 'Are tables or indexes in tablespaces other than the default?',
  level: 'warning',
  example: {byHand: 'nothing', facts: sourceAnswering({name: 'public.orders', tablespace: 'fast'})},
  sql: `
    select ${NAME} as name, quote_ident(s.spcname) as tablespace from pg_tablespace s
    join ${relationOf('c.oid')} and c.reltablespace = s.oid where c.relkind in ('r', 'p', 'm', 'i', 'I') order by 1`,
  found: ({name, tablespace}) => ({
    what: `${name} is in tablespace ${tablespace}; on RDS it will be in the default tablespace`,
    remedy: 'do nothing, unless that tablespace is faster than the storage of RDS',
  }),
})

const wideRows = catalogCheck<{name: string; widest: string}>({
  id: 'wide-rows',
  question: 'Does a sample of the rows contain values of 100 MB or more?',
  level: 'warning',
  example: {
    on: 'source',
    sql: `create table public.attachments (id int primary key, body text);
      alter table public.attachments alter body set storage external;
      insert into public.attachments values (1, repeat('x', 105000000))`,
    byHand: 'app',
    undo: 'drop table public.attachments',
  },
  sql: `
    with large as (
      select c.oid,
        ${NAME} as name,
        greatest(pg_relation_size(c.oid) / 8192, 1) as pages,
        (select string_agg(format('pg_column_size(%I)', a.attname), ', ')
         from pg_attribute a
         where a.attrelid = c.oid
           and a.attnum > 0
           and not a.attisdropped
           -- of variable length
           and a.attlen = -1) as sizes
      from ${RELATIONS}
      where c.relkind in ('r', 'm')
        and c.reltoastrelid <> 0
        and pg_relation_size(c.reltoastrelid) >= 100000000
      order by pg_relation_size(c.reltoastrelid) desc
      limit 20)
    select name, pg_size_pretty(widest) as widest
    from large
    cross join lateral (
      select (xpath(
        '/row/max/text()',
        query_to_xml(
          format(
            'select max(greatest(%s)) from only %s tablesample system (%s)',
            sizes, name, least(100, 100000.0 / pages)),
          false, true, '')))[1]::text::bigint as widest) sampled
    where widest >= 100000000`,
  found: ({name, widest}) => ({
    what: `${name} holds a value of ${widest}, and the sample may have missed larger ones`,
    remedy: 'run the move from a machine with memory for several of them, or store them in S3',
  }),
})

export default [vacuumOff, wraparoundAge, tablespaces, wideRows] satisfies Check[]
