import {notOfExtension, USER_SCHEMA} from '../catalog.js'
import type {Attachment, Database, Heroku} from '../ports.js'
import type {AppFacts, SourceFacts, TargetFacts} from './assessment.js'

/** Every app the account can see that is attached to the database, the app itself first. */
export async function appFacts(heroku: Heroku, app: string, addonId: string): Promise<AppFacts[]> {
  const attachments = await heroku.attachments(addonId)
  const names = [app, ...new Set(attachments.map((attachment) => attachment.app).filter((name) => name !== app))]
  return Promise.all(names.map((name) => factsOfApp(heroku, name, attachments)))
}

async function factsOfApp(heroku: Heroku, name: string, attachments: readonly Attachment[]): Promise<AppFacts> {
  const [app, formation, preboot, addons, release, dynos] = await Promise.all([
    heroku.app(name),
    heroku.formation(name),
    heroku.preboot(name),
    heroku.addons(name),
    heroku.latestRelease(name),
    heroku.dynos(name),
  ])
  const types = new Set(formation.map(({type}) => type))
  return {
    ...app,
    formation,
    preboot,
    addons,
    release: release.version,
    attachments: attachments.filter((attachment) => attachment.app === name),
    oneOffs: dynos.filter(({type}) => !types.has(type)).map((dyno) => dyno.name),
  }
}

export async function sourceFacts(source: Database, heroku: Heroku, addon: Attachment['addon']): Promise<SourceFacts> {
  const [server, size, extensions, info, planned] = await Promise.all([
    serverFacts(source),
    sizeOf(source),
    source.query<SourceFacts['extensions'][number]>(`
      select e.extname as name, e.extversion as version, n.nspname as schema
      from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname <> 'plpgsql' order by 1`),
    heroku.databaseInfo(addon.id),
    heroku.plannedMaintenance(addon.id),
  ])
  const connections = await connectionsOf(source, info.Connections?.[0])
  return {
    addon: addon.name,
    plan: addon.plan,
    ...server,
    ...size,
    extensions,
    connections,
    info,
    ...(planned ? {plannedMaintenance: planned} : {}),
  }
}

/** Logical replication is probed, never inferred from the plan: nothing Heroku publishes says which plans have it. */
async function serverFacts(source: Database): Promise<Pick<SourceFacts, 'major' | 'replication' | 'version'>> {
  const [row] = await source.query<{
    version: string
    major: number
    walLevel: string
    role: boolean
    slotsLeft: number
  }>(`
    select split_part(current_setting('server_version'), ' ', 1) as version,
      current_setting('server_version_num')::int / 10000 as major,
      current_setting('wal_level') as "walLevel",
      r.rolreplication or r.rolsuper or exists (
        select from pg_roles m where m.rolname = 'rds_replication' and pg_has_role(current_user, m.oid, 'MEMBER')) as role,
      current_setting('max_replication_slots')::int - (select count(*)::int from pg_replication_slots) as "slotsLeft"
    from pg_roles r where r.rolname = current_user`)
  const {version, major, ...replication} = row!
  return {version, major, replication}
}

async function sizeOf(source: Database): Promise<{bytes: string; tables: number}> {
  const [row] = await source.query<{bytes: string; tables: number}>(`
    select coalesce(sum(pg_total_relation_size(c.oid)), 0)::text as bytes, count(*)::int as tables
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'm') and ${USER_SCHEMA} and ${notOfExtension('pg_class', 'c.oid')}`)
  return row!
}

/** Plans' limits are documented in conflicting ways: what `pg:info` says wins, then the tightest limit the server has. */
async function connectionsOf(source: Database, fromHeroku: string | undefined): Promise<SourceFacts['connections']> {
  const told = /^(\d+)\/(\d+)$/.exec(fromHeroku ?? '')
  const [row] = await source.query<{used: number; limit: number}>(`
    select (select count(*)::int from pg_stat_activity where datname = current_database()) as used,
      least(current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
        nullif(r.rolconnlimit, -1), nullif(d.datconnlimit, -1)) as limit
    from pg_roles r, pg_database d where r.rolname = current_user and d.datname = current_database()`)
  return told ? {used: row!.used, limit: Math.min(Number(told[2]), row!.limit)} : row!
}

export async function targetFacts(target: Database): Promise<TargetFacts> {
  const [row] = await target.query<{version: string; major: number}>(`
    select split_part(current_setting('server_version'), ' ', 1) as version, current_setting('server_version_num')::int / 10000 as major`)
  const extensions = await target.query<TargetFacts['extensions'][number]>(`
    select name, default_version as version from pg_available_extensions
    where coalesce(current_setting('rds.allowed_extensions', true), '*') in ('*', '')
      or name = any (regexp_split_to_array(current_setting('rds.allowed_extensions', true), '\\s*,\\s*')) order by 1`)
  return {place: target.place, ...row!, extensions, replicaRole: await mayBeReplica(target)}
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
