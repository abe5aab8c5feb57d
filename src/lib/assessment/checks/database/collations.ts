import {notOfExtension, USER_SCHEMA} from '../../../postgres/catalog.js'
import {catalogCheck, type Check} from '../../check.js'
import {sourceAnswering} from '../answering.js'
import {COLUMN, COLUMNS} from './relations.js'

const encoding = catalogCheck<{encoding: string}>({
  id: 'encoding',
  question: 'Is the database encoded in UTF-8?',
  level: 'blocker',
  example: {byHand: 'another-database', facts: sourceAnswering({encoding: 'SQL_ASCII'})},
  sql: `
    select pg_encoding_to_char(encoding) as encoding from pg_database
    where datname = current_database() and pg_encoding_to_char(encoding) <> 'UTF8'`,
  found: (row) => ({
    what: `the database is encoded in ${row.encoding}; its text may not be valid UTF-8`,
    remedy:
      "dump it, convert the dump to UTF-8, restore it into a database created with encoding 'UTF8', and move that one",
  }),
})

const ownCollations = catalogCheck<{name: string; provider: string}>({
  id: 'own-collations',
  question: 'Does the database define its own collations (CREATE COLLATION)?',
  level: 'warning',
  example: {on: 'source', sql: `create collation public.german (provider = icu, locale = 'de')`},
  sql: `
    select format('%I.%I', n.nspname, o.collname) as name,
      case o.collprovider when 'i' then 'ICU' else 'the C library' end as provider
    from pg_collation o
    join pg_namespace n on n.oid = o.collnamespace
    where ${USER_SCHEMA}
      and ${notOfExtension('pg_collation', 'o.oid')}
    order by 1`,
  found: ({name, provider}) => ({
    what: `collation ${name} is provided by ${provider}: RDS may lack it, or have another version of it`,
    remedy: 'test beforehand that RDS can create it, or drop it if it is unused',
    fix: `drop collation ${name}`,
  }),
})

const columnCollations = catalogCheck<{collation: string; columns: string}>({
  id: 'column-collations',
  question: 'Do columns have a collation other than that of the database?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create table public.words (word text collate "de-x-icu" primary key)',
    byHand: 'app',
    undo: 'drop table public.words',
  },
  sql: `
    select o.oid::regcollation::text as collation,
      string_agg(${COLUMN}, ', ' order by c.relname, a.attnum) as columns
    from ${COLUMNS}
    join pg_collation o on o.oid = a.attcollation
    where a.attcollation <> t.typcollation
      and o.collprovider in ('c', 'i')
      and o.collname not in ('C', 'POSIX')
    group by o.oid
    order by 1`,
  found: ({collation, columns}) => ({
    what: `collation ${collation} may have another version on RDS; columns: ${columns}`,
    remedy: 'make sure that nothing relies on the exact sort order; indexes are rebuilt on RDS, and are correct',
  }),
})

const versions = catalogCheck<{name: string; recorded: string; actual: string; command: string}>({
  id: 'collation-versions',
  question: 'Has a collation version changed since the indexes were built?',
  level: 'warning',
  example: {
    on: 'source',
    superuser: true,
    sql: `update pg_database set datcollversion = '2.28' where datname = current_database()`,
  },
  sql: `
    select format('collation %s', o.oid::regcollation) as name,
      o.collversion as recorded,
      pg_collation_actual_version(o.oid) as actual,
      format('alter collation %s refresh version', o.oid::regcollation) as command
    from pg_collation o
    where o.collversion <> pg_collation_actual_version(o.oid)
      and exists (
        select from ${COLUMNS}
        where a.attcollation = o.oid)
    union all
    select format('database %I', d.datname),
      to_jsonb(d) ->> 'datcollversion',
      o.actual,
      format('alter database %I refresh collation version', d.datname)
    from pg_database d
    cross join lateral (
      select pg_collation_actual_version(oid) as actual
      from pg_collation
      where collname = 'default') o
    where d.datname = current_database()
      and to_jsonb(d) ->> 'datcollversion' <> o.actual
    order by 1`,
  found: ({name, recorded, actual, command}) => ({
    what: `${name} was built with collation version ${recorded} and the server now uses ${actual}: its indexes may contain duplicate keys`,
    remedy:
      'run reindex on the indexes that use it before the move, as a duplicate key stops the index build on RDS; then refresh the version',
    fix: command,
  }),
})

export default [encoding, ownCollations, columnCollations, versions] satisfies Check[]
