import {PUBLICATION} from '../../../replication/publication.js'
import {OUR_SLOT} from '../../../replication/slot.js'
import {catalogCheck, type Check} from '../../check.js'
import {NAME, RELATIONS} from './relations.js'

const logicalDecoding: Check = {
  id: 'logical-decoding',
  question: 'Does the source allow logical decoding (wal_level, REPLICATION attribute, a free replication slot)?',
  level: 'warning',
  hinders: ['logical-decoding'],
  example: {
    byHand: 'another-method',
    facts: (healthy) => ({
      ...healthy,
      sourceFacts: {
        ...healthy.sourceFacts,
        replication: {walLevel: 'replica', role: false, slotsLeft: 0, trial: 'permission denied'},
      },
    }),
  },

  inspect({sourceFacts: {replication}}) {
    const {walLevel, role, slotsLeft, trial = 'works'} = replication
    return [
      ...(walLevel === 'logical' ? [] : [`wal_level is ${walLevel}, not logical`]),
      ...(role ? [] : ['the role of DATABASE_URL does not have the REPLICATION attribute']),
      ...(slotsLeft > 0 ? [] : ['no replication slot is free']),
      ...(trial === 'works' ? [] : [`a trial slot was refused: ${trial}`]),
    ].map((what) => ({what, remedy: 'use another method: Heroku Postgres does not let its customers change that'}))
  },
}

const publications = catalogCheck<{name: string}>({
  id: 'publications',
  question: 'Are there publications, which are not copied to RDS?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create table public.published (id int primary key); create publication readers for table public.published',
  },
  sql: `select quote_ident(pubname) as name from pg_publication where pubname !~ '^${PUBLICATION}' order by 1`,
  found: ({name}) => ({
    what: `publication ${name} is not copied to RDS`,
    remedy: 'drop it, or create it on RDS after the move',
    fix: `drop publication ${name}`,
  }),
})

const subscriptions = catalogCheck<{name: string}>({
  id: 'subscriptions',
  question: 'Are there subscriptions, whose writes pass the freeze?',
  level: 'blocker',
  example: {
    on: 'source',
    superuser: true,
    sql: `create subscription incoming connection 'dbname=elsewhere' publication theirs with (connect = false)`,
  },
  sql: `
    select quote_ident(s.subname) as name from pg_subscription s
    where s.subdbid = (select oid from pg_database where datname = current_database()) order by 1`,
  found: ({name}) => ({
    what: `subscription ${name} writes rows without firing statement triggers: its writes would pass the freeze`,
    remedy: 'drop it, subscribe RDS after the move, and drop the slot on the publisher',
    // eslint-disable-next-line local/sql-width -- to be pasted, so it stays in one line
    fix: `alter subscription ${name} disable; alter subscription ${name} set (slot_name = none); drop subscription ${name}`,
  }),
})

const slots = catalogCheck<{name: string; active: boolean}>({
  id: 'replication-slots',
  question: 'Are there replication slots, which retain WAL?',
  level: 'warning',
  example: {
    on: 'source',
    superuser: true,
    sql: `select pg_create_physical_replication_slot('reader')`,
    cure: `select pg_drop_replication_slot('reader')`,
  },
  sql: `
    select slot_name as name, active
    from pg_replication_slots
    where not temporary and not (${OUR_SLOT})
    order by 1`,
  found: ({name, active}) => ({
    what: `replication slot ${name} is ${active ? 'in use' : 'inactive: it retains WAL until the disk is full'}`,
    remedy: 'point its consumer at RDS after the move, or ask Heroku to drop it if it has none',
  }),
})

const generatedKeys = catalogCheck<{name: string; column: string}>({
  id: 'generated-keys',
  question: 'Does a replica identity contain generated columns, which replication does not send?',
  level: 'warning',
  hinders: ['subscription'],
  example: {
    on: 'source',
    sql: 'create table public.derived (n int, id int generated always as (n * 2) stored primary key)',
    cure: 'alter table public.derived replica identity full',
  },
  sql: `
    select distinct ${NAME} as name, quote_ident(a.attname) as column
    from ${RELATIONS}
    join pg_index i on i.indrelid = c.oid
      -- d, the default, is the primary key, and i the index that was named
      and case c.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident end
    join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey) and a.attgenerated <> ''
    order by 1`,
  found: ({name, column}) => ({
    what: `the replica identity of ${name} contains the generated column ${column}, which replication does not send`,
    remedy: 'use another method, or give the table another replica identity',
  }),
})

/** SQL: type `e` has no equality operator by which replica identity full could compare it. */
const WITHOUT_EQUALITY = `
  not exists (
        select from pg_opclass o
        join pg_am m on m.oid = o.opcmethod
        where o.opcdefault
          and m.amname in ('btree', 'hash')
          and (o.opcintype = e.oid
            or exists (
              select from pg_cast k
              where k.castsource = e.oid
                and k.casttarget = o.opcintype
                and k.castmethod = 'b'
                and k.castcontext = 'i')))`

const incomparable = catalogCheck<{name: string; column: string; type: string}>({
  id: 'rows-without-equality',
  question: 'Do tables with REPLICA IDENTITY FULL have columns without an equality operator?',
  level: 'warning',
  hinders: ['subscription'],
  example: {
    on: 'source',
    sql: 'create table public.documents (document json); alter table public.documents replica identity full',
    cure: `alter table public.documents add column id int generated always as identity primary key;
      alter table public.documents replica identity default`,
  },
  sql: `
    select ${NAME} as name,
      quote_ident(a.attname) as column,
      format_type(a.atttypid, a.atttypmod) as type
    from ${RELATIONS}
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
    -- of a domain, the type it is based on
    join pg_type b on b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
    -- of an array, the type of its elements
    join pg_type e on e.oid = case when b.typcategory = 'A' and b.typelem <> 0 then b.typelem else b.oid end
    where c.relkind = 'r'
      and c.relreplident = 'f'
      and e.typtype = 'b'
      and ${WITHOUT_EQUALITY}
    order by 1, a.attnum`,
  found: ({name, column, type}) => ({
    what: `${name} has replica identity full, but its column ${column} of type ${type} has no equality operator`,
    remedy: 'give it a key as its replica identity, or use another method',
  }),
})

export default [logicalDecoding, publications, subscriptions, slots, generatedKeys, incomparable] satisfies Check[]
