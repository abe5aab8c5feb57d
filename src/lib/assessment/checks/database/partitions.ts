import {HASHED_OTHERWISE} from '../../../postgres/partition-routing.js'
import {catalogCheck, type Check} from '../../check.js'
import {NAME, RELATIONS} from './relations.js'
import {NAMES_ROWS} from './tables.js'

interface Named {
  name: string
}

/** SQL: roots whose rows HASH divides by values that hash otherwise on another server. */
const HASHED = `${RELATIONS}
    where c.relkind = 'p'
      and not c.relispartition
      and ${HASHED_OTHERWISE}`

const hashedOtherwise = catalogCheck<Named>({
  id: 'partitions-hashed-otherwise',
  question: 'Are tables partitioned by HASH of values, such as enumerated ones, that hash otherwise on RDS?',
  level: 'warning',
  hinders: ['subscription'],
  example: {
    on: 'source',
    sql: `create type public.shade as enum ('dark', 'light');
      create table public.shades (id int, shade public.shade, primary key (id, shade)) partition by hash (shade);
      create table public.shades_all partition of public.shades for values with (modulus 1, remainder 0)`,
    byHand: 'another-method',
    undo: 'drop table public.shades; drop type public.shade',
  },
  sql: `select ${NAME} as name from ${HASHED} order by 1`,
  found: ({name}) => ({
    what: `rows of ${name} belong to other partitions on RDS, because HASH divides them by values that hash otherwise there`,
    remedy: 'use another method: replication applies changes partition by partition',
  }),
})

const dividedWithoutKey = catalogCheck<Named>({
  id: 'partitions-hashed-otherwise-without-key',
  question: 'Does every table whose rows belong to other partitions on RDS have a key?',
  level: 'warning',
  hinders: ['row-log'],
  example: {
    on: 'source',
    sql: `create type public.tone as enum ('high', 'low');
      create table public.tones (id int, tone public.tone) partition by hash (tone);
      create table public.tones_all partition of public.tones for values with (modulus 1, remainder 0)`,
    cure: 'alter table public.tones add primary key (id, tone)',
    undo: 'drop table public.tones; drop type public.tone',
  },
  sql: `
    select ${NAME} as name
    from ${HASHED}
      and not exists (
        select from pg_index i
        where ${NAMES_ROWS})
    order by 1`,
  found: ({name}) => ({
    what: `${name} has neither a primary key nor a unique index on NOT NULL columns, and its rows belong to other partitions on RDS: change capture cannot find them again`,
    remedy: 'add a primary key that includes its partition columns, or use another method',
  }),
})

export default [hashedOtherwise, dividedWithoutKey] satisfies Check[]
