import {catalogCheck, type Check} from '../../check.js'

const publications = catalogCheck<{name: string}>({
  id: 'publications',
  question: 'Does somebody replicate from this database?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create table public.published (id int primary key); create publication readers for table public.published',
  },
  sql: 'select quote_ident(pubname) as name from pg_publication order by 1',
  found: ({name}) => ({
    what: `publication ${name} is not carried to RDS`,
    remedy: 'drop it, or create it again on RDS after the move',
    fix: `drop publication ${name}`,
  }),
})

const subscriptions = catalogCheck<{name: string}>({
  id: 'subscriptions',
  question: 'Does this database receive rows from another?',
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
    what: `subscription ${name} writes rows that fire no statement trigger: they would pass the freeze`,
    remedy: 'end it, and subscribe RDS after the move; its slot has to be dropped at the publisher',
    fix: `alter subscription ${name} disable; alter subscription ${name} set (slot_name = none); drop subscription ${name}`,
  }),
})

const slots = catalogCheck<{name: string; active: boolean}>({
  id: 'replication-slots',
  question: 'Do slots keep write-ahead log for somebody?',
  level: 'warning',
  example: {
    on: 'source',
    superuser: true,
    sql: `select pg_create_physical_replication_slot('reader')`,
    cure: `select pg_drop_replication_slot('reader')`,
  },
  sql: 'select slot_name as name, active from pg_replication_slots where not temporary order by 1',
  found: ({name, active}) => ({
    what: `replication slot ${name} is ${active ? 'in use' : 'left behind: it keeps log until the disk is full'}`,
    remedy: 'point its reader at RDS after the move; ask Heroku to drop it where nobody reads it',
  }),
})

export default [publications, subscriptions, slots] satisfies Check[]
