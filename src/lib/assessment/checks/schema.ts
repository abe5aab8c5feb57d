import {notOfExtension, USER_SCHEMA} from '../../catalog.js'
import type {Check} from '../check.js'

const TABLES = `pg_class c join pg_namespace n on n.oid = c.relnamespace`
const OURS = `${USER_SCHEMA} and ${notOfExtension('pg_class', 'c.oid')}`

const tablesWithoutKey: Check = {
  id: 'tables-without-key',
  question: 'Can every row be named by a key?',
  level: 'warning',
  blocks: ['logical-replication', 'dms'],
  example: 'create table public.keyless (note text)',
  cure: 'alter table public.keyless add column id bigint generated always as identity primary key',

  async inspect({source}) {
    const tables = await source.query<{name: string}>(`
      select format('%I.%I', n.nspname, c.relname) as name from ${TABLES}
      where c.relkind = 'r' and not c.relispartition and ${OURS} and not exists (
        select from pg_index i where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indimmediate
          and i.indexprs is null and not exists (
            select from unnest(i.indkey) k join pg_attribute a on a.attrelid = c.oid and a.attnum = k where not a.attnotnull))
      order by 1`)
    return tables.map(({name}) => ({
      what: `${name} has neither a primary key nor a unique index on columns that are never null`,
      remedy: `alter table ${name} add column id bigint generated always as identity primary key`,
    }))
  },
}

const largeObjects: Check = {
  id: 'large-objects',
  question: 'Are there large objects, which travel with no table?',
  level: 'blocker',
  example: 'select lo_create(424242)',
  cure: 'select lo_unlink(424242)',

  async inspect({source}) {
    const [row] = await source.query<{count: string}>('select count(*)::text as count from pg_largeobject_metadata')
    if (row!.count === '0') return []
    return [
      {
        what: `${row!.count} large objects would be left behind`,
        remedy: 'move their contents to bytea columns or to S3, then lo_unlink() them',
      },
    ]
  },
}

const unloggedTables: Check = {
  id: 'unlogged-tables',
  question: 'Would a crash of the source empty a table?',
  level: 'warning',
  blocks: ['logical-replication', 'dms'],
  example: 'create unlogged table public.scratch (id int primary key)',
  cure: 'alter table public.scratch set logged',

  async inspect({source}) {
    const tables = await source.query<{name: string}>(`
      select format('%I.%I', n.nspname, c.relname) as name from ${TABLES} where c.relkind = 'r' and c.relpersistence = 'u' and ${OURS} order by 1`)
    return tables.map(({name}) => ({
      what: `${name} is unlogged: replication does not carry it`,
      remedy: `alter table ${name} set logged`,
    }))
  },
}

const sequencesNearEnd: Check = {
  id: 'sequences-near-end',
  question: 'Is a sequence about to run out?',
  level: 'warning',
  example: "create sequence public.nearly_done maxvalue 1000; select setval('public.nearly_done', 950)",
  cure: 'alter sequence public.nearly_done maxvalue 1000000',

  async inspect({source}) {
    const sequences = await source.query<{name: string; used: string}>(`
      select format('%I.%I', schemaname, sequencename) as name,
        round(100 * abs(last_value::numeric - start_value) / nullif(abs(case when increment_by > 0 then max_value else min_value end::numeric - start_value), 0))::text as used
      from pg_sequences s join pg_namespace n on n.nspname = s.schemaname
      where last_value is not null and not cycle and ${USER_SCHEMA}
        and abs(last_value::numeric - start_value) > 0.9 * abs(case when increment_by > 0 then max_value else min_value end::numeric - start_value)
      order by 1`)
    return sequences.map(({name, used}) => ({
      what: `sequence ${name} has used ${used} % of its range`,
      remedy: `alter sequence ${name} maxvalue … and, where it feeds an integer column, alter that column to bigint`,
    }))
  },
}

const foreignOwners: Check = {
  id: 'foreign-owners',
  question: 'Does the app own every table, so that the freeze can hold it?',
  level: 'blocker',

  async inspect({source}) {
    const tables = await source.query<{name: string; owner: string}>(`
      select format('%I.%I', n.nspname, c.relname) as name, c.relowner::regrole::text as owner from ${TABLES}
      where c.relkind in ('r', 'p') and ${OURS} and not pg_has_role(c.relowner, 'USAGE') order by 1`)
    return tables.map(({name, owner}) => ({
      what: `${name} belongs to ${owner}: it can neither be frozen nor read for certain`,
      remedy: `as ${owner}: alter table ${name} owner to the role of DATABASE_URL`,
    }))
  },
}

const forcedRowSecurity: Check = {
  id: 'forced-row-security',
  question: 'Does row-level security hide rows from their owner?',
  level: 'blocker',
  example:
    'create table public.hidden (id int primary key); alter table public.hidden enable row level security, force row level security',
  cure: 'alter table public.hidden no force row level security',

  async inspect({source}) {
    const tables = await source.query<{name: string}>(`
      select format('%I.%I', n.nspname, c.relname) as name from ${TABLES}
      where c.relrowsecurity and c.relforcerowsecurity and ${OURS}
        and not (select rolbypassrls or rolsuper from pg_roles where rolname = current_user) order by 1`)
    return tables.map(({name}) => ({
      what: `${name} forces row-level security on its owner: rows could be left behind unseen`,
      remedy: `alter table ${name} no force row level security`,
    }))
  },
}

const extensionTables: Check = {
  id: 'extension-tables',
  question: 'Do tables of extensions hold rows of yours, which travel with no table?',
  level: 'blocker',

  async inspect({source}) {
    const tables = await source.query<{extension: string; name: string; condition: string}>(`
      select e.extname as extension, format('%I.%I', n.nspname, c.relname) as name, coalesce(e.extcondition[k.nth], '') as condition
      from pg_extension e cross join lateral unnest(e.extconfig) with ordinality k (table_oid, nth)
      join pg_class c on c.oid = k.table_oid join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' order by 1, 2`)
    const findings = []
    for (const {extension, name, condition} of tables) {
      const [row] = await source.query<{found: boolean}>(`select exists (select from ${name} ${condition}) as found`)
      if (row!.found) {
        findings.push({
          what: `${name} of extension ${extension} holds rows of yours, which would be left behind`,
          remedy: `save them with heroku pg:psql -c "copy ${name} to stdout", delete them, and load them on RDS after the move`,
        })
      }
    }
    return findings
  },
}

const foreignServers: Check = {
  id: 'foreign-servers',
  question: 'Does the database reach into others?',
  level: 'warning',

  async inspect({source}) {
    const servers = await source.query<{name: string}>('select srvname as name from pg_foreign_server order by 1')
    return servers.map(({name}) => ({
      what: `foreign server ${name} must be reachable from RDS, and its user mappings carry credentials`,
      remedy: `drop server ${name} cascade where it is not needed; otherwise create its user mapping again on RDS`,
    }))
  },
}

const invalidIndexes: Check = {
  id: 'invalid-indexes',
  question: 'Is an index invalid, so that it would be built for the first time?',
  level: 'warning',

  async inspect({source}) {
    const indexes = await source.query<{name: string}>(`
      select format('%I.%I', n.nspname, c.relname) as name
      from pg_index i join ${TABLES.replace('pg_class c', 'pg_class c on c.oid = i.indexrelid')}
      where not i.indisvalid and c.relkind = 'i' and ${OURS} order by 1`)
    return indexes.map(({name}) => ({
      what: `index ${name} is invalid here and would be built on RDS, where a duplicate key would stop it`,
      remedy: `reindex index concurrently ${name}, or drop it`,
    }))
  },
}

const encoding: Check = {
  id: 'encoding',
  question: 'Is the text of this database valid UTF-8?',
  level: 'blocker',

  async inspect({source}) {
    const [row] = await source.query<{encoding: string}>(
      'select pg_encoding_to_char(encoding) as encoding from pg_database where datname = current_database()',
    )
    if (row!.encoding === 'UTF8') return []
    return [
      {
        what: `the database is encoded in ${row!.encoding}; its text may not be valid UTF-8`,
        remedy: 'convert the text columns first',
      },
    ]
  },
}

export default [
  tablesWithoutKey,
  largeObjects,
  unloggedTables,
  sequencesNearEnd,
  foreignOwners,
  forcedRowSecurity,
  extensionTables,
  foreignServers,
  invalidIndexes,
  encoding,
] satisfies Check[]
