import {notOfExtension} from '../../../postgres/catalog.js'
import {catalogCheck, type Check} from '../../check.js'
import type {Found} from '../../../ports/assessment.js'
import {NAME, relationOf} from './relations.js'

const SEQUENCES = `pg_sequence s join ${relationOf('s.seqrelid')}`

/** SQL: the last value of sequence `s`, where it may be read; those that may not be are found as unreadable. */
const LAST_VALUE = `case when has_sequence_privilege(s.seqrelid, 'USAGE, SELECT') then pg_sequence_last_value(s.seqrelid) end`

const nearEnd = catalogCheck<{name: string; used: string; end: string; table: string | null; column: string | null}>({
  id: 'sequences-near-end',
  question: 'Is a sequence about to run out?',
  level: 'warning',
  example: {
    on: 'source',
    sql: `create table public.ending (id int generated always as identity (maxvalue 1000) primary key); select setval('public.ending_id_seq', 950)`,
  },
  sql: `
    select ${NAME} as name, round(100 * used / nullif(range, 0))::text as used,
      case when s.seqincrement > 0 then 'maxvalue' else 'minvalue' end as end,
      d.refobjid::regclass::text as table, quote_ident(a.attname) as column
    from ${SEQUENCES} cross join lateral (
      select abs((${LAST_VALUE})::numeric - s.seqstart) as used,
        abs(case when s.seqincrement > 0 then s.seqmax else s.seqmin end::numeric - s.seqstart) as range) span
    left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = s.seqrelid and d.deptype = 'i'
    left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where not s.seqcycle and used > 0.9 * range order by 1`,
  found: ({name, used, end, table, column}) => ({
    what: `sequence ${name} has used ${used} % of its range`,
    remedy: table
      ? 'make its column bigint; this rewrites the table under a lock'
      : 'give it a longer range and, where it feeds an integer column, make that column bigint',
    fix: table
      ? `alter table ${table} alter ${column} type bigint, alter ${column} set no ${end}`
      : `alter sequence ${name} as bigint no ${end}`,
  }),
})

const outgrownColumns = catalogCheck<{table: string; column: string; sequence: string; used: string}>({
  id: 'integers-near-end',
  question: 'Does a sequence outgrow the integer column that it feeds?',
  level: 'warning',
  example: {
    on: 'source',
    sql: `create table public.tickets (id int primary key); create sequence public.ticket_ids as bigint owned by public.tickets.id;
      alter table public.tickets alter id set default nextval('public.ticket_ids'); select setval('public.ticket_ids', 2100000000)`,
  },
  sql: `
    select ${NAME} as table, quote_ident(a.attname) as column, s.seqrelid::regclass::text as sequence,
      round(100.0 * (${LAST_VALUE}) / holds.most)::text as used
    from pg_sequence s join pg_depend d on d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
      and d.objid = s.seqrelid and d.deptype in ('a', 'i') join ${relationOf('d.refobjid')}
    join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
    join (values ('int2'::regtype, 32767), ('int4'::regtype, 2147483647)) holds (type, most) on holds.type = a.atttypid
    where s.seqmax > holds.most and (${LAST_VALUE}) > 0.9 * holds.most order by 1, 2`,
  found: ({table, column, sequence, used}) => ({
    what: `${sequence} has used ${used} % of what ${table}.${column} can hold`,
    remedy: 'make the column bigint, before or after the move; this rewrites the table under a lock',
    fix: `alter table ${table} alter ${column} type bigint`,
  }),
})

/** A sequence that is other than the usual one. */
const ofShape = ({
  condition,
  example,
  found,
  ...check
}: Pick<Check, 'id' | 'question'> & {
  example: string
  condition: string
  found: (name: string, cache: string) => Found
}): Check =>
  catalogCheck<{name: string; cache: string}>({
    ...check,
    level: 'warning',
    example: {on: 'source', sql: example},
    sql: `select ${NAME} as name, s.seqcache::text as cache from ${SEQUENCES} where ${condition} order by 1`,
    found: ({name, cache}) => found(name, cache),
  })

const descending = ofShape({
  id: 'descending-sequences',
  question: 'Does a sequence count downwards?',
  example: 'create table public.downwards (id int generated always as identity (increment -1) primary key)',
  condition: 's.seqincrement < 0',
  found: (name) => ({
    what: `sequence ${name} counts downwards`,
    remedy: 'it is carried so that it goes on downwards; look at it at the gate, or let it count upwards',
    fix: `alter sequence ${name} increment 1 no minvalue no maxvalue start 1 restart`,
  }),
})

const cached = ofShape({
  id: 'cached-sequences',
  question: 'Do sessions hold numbers of a sequence in store?',
  example: 'create table public.in_store (id int generated always as identity (cache 50) primary key)',
  condition: 's.seqcache > 1',
  found: (name, cache) => ({
    what: `each session takes ${cache} numbers of sequence ${name} at once: the move leaves a gap for every session it ends`,
    remedy: 'do nothing where gaps do no harm; otherwise have them taken one by one',
    fix: `alter sequence ${name} cache 1`,
  }),
})

const cycling = ofShape({
  id: 'cycling-sequences',
  question: 'Does a sequence begin again at its end?',
  example: 'create table public.round (id int generated always as identity (maxvalue 9 cycle) primary key)',
  condition: 's.seqcycle',
  found: (name) => ({
    what: `sequence ${name} begins again at its end: that it never goes backwards cannot be proved of it`,
    remedy: 'look at its value at the gate, or let it end',
    fix: `alter sequence ${name} no cycle`,
  }),
})

const idle = ofShape({
  id: 'unowned-sequences',
  question: 'Are there sequences that no column takes its numbers from?',
  example: 'create sequence public.loose',
  condition: `${notOfExtension('pg_class', 's.seqrelid')} and not exists (
      select from pg_depend d where d.refclassid = 'pg_class'::regclass and d.refobjid = s.seqrelid and d.classid = 'pg_attrdef'::regclass)
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = s.seqrelid and d.deptype in ('a', 'i'))`,
  found: (name) => ({
    what: `no column takes its numbers from sequence ${name}: only the app knows what they are for`,
    remedy: 'it is carried with its value; drop it where nothing uses it',
    fix: `drop sequence ${name}`,
  }),
})

export default [nearEnd, outgrownColumns, descending, cached, cycling, idle] satisfies Check[]
