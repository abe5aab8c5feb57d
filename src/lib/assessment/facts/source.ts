import {COLLATION, notOfExtension, USER_EXTENSION, USER_SCHEMA} from '../../postgres/catalog.js'
import {messageOf} from '../../ports/errors.js'
import type {Attachment, Clock, Database, DatabaseInfo, Heroku} from '../../ports/ports.js'
import {OUR_SLOT} from '../../replication/slot.js'
import type {SourceFacts, TableSize} from '../../ports/assessment.js'
import {attempt, type Fact, ifKnown} from '../../ports/fact.js'

const TABLES = `pg_class c join pg_namespace n on n.oid = c.relnamespace`
const OURS = `c.relkind in ('r', 'm') and ${USER_SCHEMA} and ${notOfExtension('pg_class', 'c.oid')}`

export async function sourceFacts(source: Database, heroku: Heroku, addon: Attachment['addon']): Promise<SourceFacts> {
  const [server, size, largest, extensions, info, plannedMaintenance] = await Promise.all([
    serverFacts(source),
    sizeOf(source),
    largestTables(source),
    source.query<SourceFacts['extensions'][number]>(`
      select e.extname as name, e.extversion as version, n.nspname as schema
      from pg_extension e
      join pg_namespace n on n.oid = e.extnamespace
      where e.extname <> 'plpgsql' and ${USER_EXTENSION}
      order by 1`),
    attempt(() => heroku.databaseInfo(addon.id)),
    attempt(() => heroku.plannedMaintenance(addon.id)),
  ])
  return {
    addon: addon.name,
    plan: addon.plan,
    ...server,
    ...size,
    largest,
    extensions,
    connections: await connectionsOf(source, info),
    info,
    plannedMaintenance,
  }
}

/** Support for logical replication is read from the server, not inferred from the plan: Heroku does not publish which plans have it. */
async function serverFacts(
  source: Database,
): Promise<Pick<SourceFacts, 'collation' | 'major' | 'replication' | 'version'>> {
  const row = await source.queryOne<{
    version: string
    major: number
    collation: string
    walLevel: string
    role: boolean
    slotsLeft: number
  }>(`
    select split_part(current_setting('server_version'), ' ', 1) as version,
      current_setting('server_version_num')::int / 10000 as major,
      ${COLLATION} as collation,
      current_setting('wal_level') as "walLevel",
      r.rolreplication
        or r.rolsuper
        or exists (
          select from pg_roles m
          where m.rolname = 'rds_replication'
            and pg_has_role(current_user, m.oid, 'MEMBER')) as role,
      current_setting('max_replication_slots')::int
        - (select count(*)::int from pg_replication_slots where not (${OUR_SLOT})) as "slotsLeft"
    from pg_roles r, pg_database d
    where r.rolname = current_user
      and d.datname = current_database()`)
  const {version, major, collation, ...replication} = row
  return {version, major, collation, replication}
}

async function sizeOf(source: Database): Promise<Pick<SourceFacts, 'bytes' | 'indexBytes' | 'tables'>> {
  const row = await source.queryOne<{bytes: string; indexBytes: string; tables: number}>(`
    select coalesce(sum(pg_total_relation_size(c.oid)), 0)::text as bytes,
      coalesce(sum(pg_indexes_size(c.oid)), 0)::text as "indexBytes", count(*)::int as tables
    from ${TABLES} where ${OURS}`)
  return row
}

/** The ten largest tables. Indexes are measured only for those that are largest without them. */
async function largestTables(source: Database): Promise<TableSize[]> {
  const rows = await source.query<{name: string; bytes: string; indexBytes: string; rows: string}>(`
    select name,
      pg_total_relation_size(oid)::text as bytes,
      pg_indexes_size(oid)::text as "indexBytes",
      rows
    from (
      select c.oid,
        format('%I.%I', n.nspname, c.relname) as name,
        greatest(c.reltuples, 0)::bigint::text as rows
      from ${TABLES}
      where ${OURS}
      order by pg_table_size(c.oid) desc
      limit 10) largest
    order by pg_total_relation_size(oid) desc, name`)
  return rows.map(({name, bytes, indexBytes, rows: estimate}) => ({
    name,
    bytes: Number(bytes),
    indexBytes: Number(indexBytes),
    rows: Number(estimate),
  }))
}

/** Heroku documents connection limits inconsistently: the limit is the lowest of those of `pg:info` and the server. */
async function connectionsOf(source: Database, info: Fact<DatabaseInfo>): Promise<SourceFacts['connections']> {
  const told = /^(\d+)\/(\d+)$/.exec(ifKnown(info)?.Connections?.[0] ?? '')
  const row = await source.queryOne<{used: number; limit: number}>(`
    select (select count(*)::int from pg_stat_activity where datname = current_database()) as used,
      least(
        current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
        nullif(r.rolconnlimit, -1),
        nullif(d.datconnlimit, -1)) as limit
    from pg_roles r, pg_database d
    where r.rolname = current_user
      and d.datname = current_database()`)
  return told ? {used: row.used, limit: Math.min(Number(told[2]), row.limit)} : row
}

/** Creates a logical replication slot and drops it: the only proof that the source allows it. Only on request. */
export async function trialSlot(source: Database): Promise<string> {
  try {
    await source.session(async (session) => {
      await session.query(`select pg_create_logical_replication_slot('heroku_rds_trial', 'pgoutput', true)`)
      await session.query(`select pg_drop_replication_slot('heroku_rds_trial')`)
    })
    return 'works'
  } catch (error) {
    return messageOf(error)
  }
}

/** The load over this time, from the counters of pg_stat_database. */
export async function activityOf(
  source: Database,
  clock: Clock,
  seconds: number,
): Promise<NonNullable<SourceFacts['activity']>> {
  const read = async () => {
    const row = await source.queryOne<{commits: string; rows: string; at: string}>(`
      select xact_commit as commits, tup_inserted + tup_updated + tup_deleted as rows,
        extract(epoch from clock_timestamp()) as at
      from pg_stat_database where datname = current_database()`)
    return {commits: Number(row.commits), rows: Number(row.rows), at: Number(row.at)}
  }
  const before = await read()
  await clock.sleep(seconds * 1000)
  const after = await read()
  const elapsed = after.at - before.at
  return {
    seconds: elapsed,
    rowsPerSecond: Math.max(0, after.rows - before.rows) / elapsed,
    commitsPerSecond: Math.max(0, after.commits - before.commits) / elapsed,
  }
}
