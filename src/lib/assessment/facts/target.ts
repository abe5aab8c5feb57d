import {COLLATION} from '../../postgres/catalog.js'
import type {Database, RdsInstance} from '../../ports/ports.js'
import type {TargetFacts} from '../../ports/assessment.js'
import type {Fact} from '../../ports/fact.js'

/** Settings of the server that matter for the move. */
const OF_THE_SERVER = ['rds.logical_replication', 'rds.force_ssl', 'server_encoding', 'max_connections']

/** Settings that matter when the database or the role sets them. Read from the catalog: our sessions override them. */
const OF_THE_ROLE = [
  'statement_timeout',
  'idle_in_transaction_session_timeout',
  'TimeZone',
  'default_transaction_read_only',
]

export async function targetFacts(target: Database, instance: Fact<RdsInstance>): Promise<TargetFacts> {
  const [server, settings, extensions, replicaRole, certificate] = await Promise.all([
    serverOf(target),
    settingsOf(target),
    target.query<TargetFacts['extensions'][number]>(`
      select name, default_version as version from pg_available_extensions
      where coalesce(current_setting('rds.allowed_extensions', true), '*') in ('*', '')
        or name = any (regexp_split_to_array(current_setting('rds.allowed_extensions', true), '\\s*,\\s*')) order by 1`),
    mayBeReplica(target),
    target.certificate(),
  ])
  return {
    place: target.place,
    ...server,
    settings,
    extensions,
    replicaRole,
    certificateValidTo: certificate?.validTo.toISOString() ?? null,
    instance,
  }
}

async function serverOf(
  target: Database,
): Promise<Pick<TargetFacts, 'bytesUsed' | 'collation' | 'connections' | 'major' | 'version'>> {
  const row = await target.queryOne<{
    version: string
    major: number
    collation: string
    bytesUsed: string
    used: number
    limit: number
  }>(`
    select split_part(current_setting('server_version'), ' ', 1) as version,
      current_setting('server_version_num')::int / 10000 as major,
      ${COLLATION} as collation,
      (select coalesce(sum(pg_database_size(oid)), 0)
       from pg_database
       where has_database_privilege(oid, 'CONNECT')
         or pg_has_role('pg_read_all_stats', 'USAGE'))::text as "bytesUsed",
      (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as used,
      least(
        current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
        nullif(r.rolconnlimit, -1),
        nullif(d.datconnlimit, -1)) as limit
    from pg_roles r, pg_database d
    where r.rolname = current_user
      and d.datname = current_database()`)
  const {used, limit, ...server} = row
  return {...server, connections: {used, limit}}
}

/** A setting of the role takes precedence over that of the database. */
async function settingsOf(target: Database): Promise<TargetFacts['settings']> {
  const rows = await target.query<{name: string; value: string | null}>(
    `select name, current_setting(name, true) as value
     from unnest($1::text[]) name
     union all
     select name,
       (select split_part(setting, '=', 2)
        from pg_db_role_setting s
        cross join unnest(s.setconfig) setting
        where split_part(setting, '=', 1) = name
          -- 0 stands for every database, and for every role
          and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
          and s.setrole in (0, (select oid from pg_roles where rolname = current_user))
        order by s.setrole = 0, s.setdatabase = 0
        limit 1)
     from unnest($2::text[]) name`,
    [OF_THE_SERVER, OF_THE_ROLE],
  )
  return Object.fromEntries(rows.map(({name, value}) => [name, value]))
}

async function mayBeReplica(target: Database): Promise<boolean> {
  try {
    await target.transaction(async (session) => {
      await session.query('set local session_replication_role = replica')
    })
    return true
  } catch {
    return false
  }
}
