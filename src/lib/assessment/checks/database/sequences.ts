import {notOfExtension} from '../../../postgres/catalog.js'
import {catalogCheck, type Check} from '../../check.js'
import type {Found} from '../../../ports/assessment.js'
import {NAME, relationOf} from './relations.js'

const SEQUENCES = `pg_sequence s join ${relationOf('s.seqrelid')}`

/** SQL: the last value of sequence `s`, or null without the privilege to read it: `unreadable-tables` finds those. */
const LAST_VALUE = `
  case when has_sequence_privilege(s.seqrelid, 'USAGE, SELECT') then pg_sequence_last_value(s.seqrelid) end`

const nearEnd = catalogCheck<{name: string; used: string; end: string; table: string | null; column: string | null}>({
  id: 'sequences-near-end',
  question: 'Is a sequence about to reach its MAXVALUE or MINVALUE?',
  level: 'warning',
  example: {
    on: 'source',
    sql: `create table public.ending (id int generated always as identity (maxvalue 1000) primary key);
      select setval('public.ending_id_seq', 950)`,
  },
  sql: `
    select ${NAME} as name,
      round(100 * used / nullif(range, 0))::text as used,
      case when s.seqincrement > 0 then 'maxvalue' else 'minvalue' end as end,
      d.refobjid::regclass::text as table,
      quote_ident(a.attname) as column
    from ${SEQUENCES}
    cross join lateral (
      select abs((${LAST_VALUE})::numeric - s.seqstart) as used,
        abs(case when s.seqincrement > 0 then s.seqmax else s.seqmin end::numeric - s.seqstart) as range) span
    -- the identity column whose sequence it is, if any
    left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = s.seqrelid and d.deptype = 'i'
    left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where not s.seqcycle
      and used > 0.9 * range
    order by 1`,
  found: ({name, used, end, table, column}) => ({
    what: `sequence ${name} has used ${used} % of its range`,
    remedy: table
      ? 'change its column to bigint; this rewrites the table under an exclusive lock'
      : 'extend its range with alter sequence and, if it feeds an integer column, change that column to bigint',
    fix: table
      ? `alter table ${table} alter ${column} type bigint, alter ${column} set no ${end}`
      : `alter sequence ${name} as bigint no ${end}`,
  }),
})

const outgrownColumns = catalogCheck<{table: string; column: string; sequence: string; used: string}>({
  id: 'integers-near-end',
  question: 'Is a sequence about to exceed the range of the integer column that it feeds?',
  level: 'warning',
  example: {
    on: 'source',
    sql: `create table public.tickets (id int primary key);
      create sequence public.ticket_ids as bigint owned by public.tickets.id;
      alter table public.tickets alter id set default nextval('public.ticket_ids');
      select setval('public.ticket_ids', 2100000000)`,
  },
  sql: `
    select ${NAME} as table,
      quote_ident(a.attname) as column,
      s.seqrelid::regclass::text as sequence,
      round(100.0 * (${LAST_VALUE}) / holds.most)::text as used
    from pg_sequence s
    -- the column that owns it: a for owned by, i for identity
    join pg_depend d on d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
      and d.objid = s.seqrelid and d.deptype in ('a', 'i')
    join ${relationOf('d.refobjid')}
    join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
    join (values ('int2'::regtype, 32767), ('int4'::regtype, 2147483647)) holds (type, most) on holds.type = a.atttypid
    where s.seqmax > holds.most
      and (${LAST_VALUE}) > 0.9 * holds.most
    order by 1, 2`,
  found: ({table, column, sequence, used}) => ({
    what: `sequence ${sequence} has used ${used} % of the range of ${table}.${column}`,
    remedy: 'change the column to bigint, before or after the move; this rewrites the table under an exclusive lock',
    fix: `alter table ${table} alter ${column} type bigint`,
  }),
})

/** A check for sequences with an unusual property. */
const ofShape = ({
  condition,
  example,
  found,
  cure,
  ...check
}: Pick<Check, 'id' | 'question'> & {
  example: string
  /** Where the finding has no fix. */
  cure?: string
  condition: string
  found: (name: string, cache: string) => Found
}): Check =>
  catalogCheck<{name: string; cache: string}>({
    ...check,
    level: 'warning',
    example: {on: 'source', sql: example, ...(cure ? {cure} : {})},
    sql: `
      select ${NAME} as name, s.seqcache::text as cache
      from ${SEQUENCES}
      where ${condition}
      order by 1`,
    found: ({name, cache}) => found(name, cache),
  })

const descending = ofShape({
  id: 'descending-sequences',
  question: 'Does a sequence count downwards (negative INCREMENT)?',
  example: 'create table public.downwards (id int generated always as identity (increment -1) primary key)',
  cure: 'alter table public.downwards alter id set increment 1 set no minvalue set no maxvalue set start 1 restart',
  condition: 's.seqincrement < 0',
  found: (name) => ({
    what: `sequence ${name} counts downwards: its increment is negative`,
    remedy:
      'do nothing if that is intended, as its value is moved like any other; otherwise set a positive increment, and restart it above every value in use',
  }),
})

const cached = ofShape({
  id: 'cached-sequences',
  question: 'Do sessions cache values of a sequence (CACHE above 1)?',
  example: 'create table public.in_store (id int generated always as identity (cache 50) primary key)',
  condition: 's.seqcache > 1',
  found: (name, cache) => ({
    what: `sequence ${name} caches ${cache} values per session: each session that the move ends leaves a gap`,
    remedy: 'do nothing if gaps do no harm; otherwise set cache 1',
    fix: `alter sequence ${name} cache 1`,
  }),
})

const cycling = ofShape({
  id: 'cycling-sequences',
  question: 'Does a sequence start over at its end (CYCLE)?',
  example: 'create table public.round (id int generated always as identity (maxvalue 9 cycle) primary key)',
  condition: 's.seqcycle',
  found: (name) => ({
    what: `sequence ${name} cycles, so it cannot be proved that its value never goes backwards`,
    remedy: 'at the gate, compare its last_value on both sides (heroku pg:psql, heroku rds:psql), or set no cycle',
    fix: `alter sequence ${name} no cycle`,
  }),
})

const idle = ofShape({
  id: 'unowned-sequences',
  question: 'Are there sequences that no column owns or uses as its default?',
  example: 'create sequence public.loose',
  condition: `${notOfExtension('pg_class', 's.seqrelid')}
      and not exists (
        select from pg_depend d
        where d.refclassid = 'pg_class'::regclass
          and d.refobjid = s.seqrelid
          and d.classid = 'pg_attrdef'::regclass)
      and not exists (
        select from pg_depend d
        where d.classid = 'pg_class'::regclass
          and d.objid = s.seqrelid
          and d.deptype in ('a', 'i'))`,
  found: (name) => ({
    what: `sequence ${name} is neither owned by a column nor used as a default: only the app knows its purpose`,
    remedy: 'drop it if nothing uses it; otherwise do nothing, as it is copied with its value',
    fix: `drop sequence ${name}`,
  }),
})

export default [nearEnd, outgrownColumns, descending, cached, cycling, idle] satisfies Check[]
