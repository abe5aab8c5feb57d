import {USER_EXTENSION} from '../../../postgres/catalog.js'
import {catalogCheck, type Check} from '../../check.js'
import {AS_OWNER} from '../as-owner.js'
import {NAME, relationOf} from './relations.js'

const extensionTables: Check = {
  id: 'extension-tables',
  question: 'Do configuration tables of extensions contain your rows, which are not copied?',
  level: 'blocker',
  example: {
    on: 'source',
    superuser: true,
    sql: `${AS_OWNER};
      create table public.systems (id int primary key);
      insert into public.systems values (1);
      reset role;
      alter extension citext add table public.systems;
      update pg_extension set extconfig = array['public.systems'::regclass::oid], extcondition = array['']
        where extname = 'citext'`,
    cure: 'delete from public.systems',
  },

  async inspect({app, source}) {
    const tables = await source.query<{extension: string; name: string; condition: string}>(`
      select e.extname as extension, ${NAME} as name, coalesce(e.extcondition[k.nth], '') as condition
      from pg_extension e
      cross join lateral unnest(e.extconfig) with ordinality k (table_oid, nth)
      join pg_class c on c.oid = k.table_oid
      join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r'
      order by 1, 2`)
    const findings = []
    for (const {extension, name, condition} of tables) {
      const row = await source.queryOne<{found: boolean}>(`select exists (select from ${name} ${condition}) as found`)
      if (row.found) {
        findings.push({
          what: `${name} of extension ${extension} contains your rows, which are not copied`,
          remedy: 'save the rows with copy, delete them, and load them on RDS after the move',
          fix: `heroku pg:psql --app ${app} -c "copy ${name} to stdout"`,
          runBy: 'shell' as const,
        })
      }
    }
    return findings
  },
}

const preloaded = catalogCheck<{name: string}>({
  id: 'preloaded-extensions',
  question: 'Are there extensions that need shared_preload_libraries?',
  level: 'warning',
  example: {on: 'source', superuser: true, sql: 'create extension pg_prewarm'},
  sql: `
    select quote_ident(e.extname) as name
    from pg_extension e
    where e.extname in (
        'pg_stat_statements', 'pg_cron', 'pg_partman_bgw', 'pgaudit', 'pg_hint_plan', 'pg_prewarm')
      and ${USER_EXTENSION}
    order by 1`,
  found: ({name}) => ({
    what: `extension ${name} works only on a server whose shared_preload_libraries include it`,
    remedy: 'include it in shared_preload_libraries of the parameter group, or drop it if nothing uses it',
    fix: `drop extension ${name}`,
  }),
})

const outdated = catalogCheck<{name: string; version: string; available: string}>({
  id: 'outdated-extensions',
  question: 'Is an extension older than the default version of the server (ALTER EXTENSION UPDATE)?',
  level: 'warning',
  example: {on: 'source', sql: `create extension hstore version '1.4'`, undo: 'drop extension hstore'},
  sql: `
    select quote_ident(e.extname) as name, e.extversion as version, v.default_version as available
    from pg_extension e
    join pg_available_extensions v on v.name = e.extname
    where e.extversion <> v.default_version
      and ${USER_EXTENSION}
    order by 1`,
  found: ({name, version, available}) => ({
    what: `extension ${name} is ${version} on the source, which offers ${available}; RDS creates its own default version, which may differ`,
    remedy: 'update it with alter extension before the move, and watch the app',
    fix: `alter extension ${name} update`,
  }),
})

const elsewhere = catalogCheck<{name: string; schema: string}>({
  id: 'extension-schemas',
  question: 'Is an extension in a schema outside the search_path of the database?',
  level: 'warning',
  example: {
    on: 'source',
    sql: 'create schema tools; create extension cube schema tools',
    byHand: 'app',
    undo: 'drop extension cube; drop schema tools',
  },
  sql: `
    select quote_ident(e.extname) as name, quote_ident(x.nspname) as schema
    from pg_extension e
    join pg_namespace x on x.oid = e.extnamespace
    where e.extrelocatable
      and ${USER_EXTENSION}
      and x.nspname not in ('public', 'pg_catalog', e.extname)
      and not quote_ident(x.nspname) = any (
        regexp_split_to_array(coalesce((
          select split_part(setting, '=', 2)
          from pg_db_role_setting r
          cross join unnest(r.setconfig) setting
          where split_part(setting, '=', 1) = 'search_path'
            -- 0 stands for every database, and for every role
            and r.setdatabase in (0, (select oid from pg_database where datname = current_database()))
            and r.setrole in (0, (select oid from pg_roles where rolname = current_user))
          order by r.setrole = 0, r.setdatabase = 0
          limit 1), 'public'), ',\\s*'))
    order by 1`,
  found: ({name, schema}) => ({
    what: `extension ${name} is in schema ${schema}, which is not in the search_path of the database`,
    remedy: 'make sure that sessions of the app set search_path themselves; the extension is in the same schema on RDS',
  }),
})

const foreignServers = catalogCheck<{name: string}>({
  id: 'foreign-servers',
  question: 'Are there foreign servers (postgres_fdw), which RDS must be able to reach?',
  level: 'warning',
  example: {
    on: 'source',
    superuser: true,
    sql: 'create extension if not exists postgres_fdw; create server elsewhere foreign data wrapper postgres_fdw',
    undo: 'drop extension postgres_fdw cascade',
  },
  sql: 'select quote_ident(srvname) as name from pg_foreign_server order by 1',
  found: ({name}) => ({
    what: `foreign server ${name} must be reachable from RDS, and its user mappings contain credentials`,
    remedy: 'drop it if you do not need it; otherwise create its user mappings on RDS after the move',
    fix: `drop server ${name} cascade`,
  }),
})

const userMappings = catalogCheck<{server: string; role: string}>({
  id: 'user-mappings',
  question: 'Are there user mappings, whose passwords are not copied to RDS?',
  level: 'warning',
  example: {
    on: 'source',
    superuser: true,
    sql: `create extension if not exists postgres_fdw;
      create server another foreign data wrapper postgres_fdw;
      create user mapping for public server another options (user 'reader', password 'secret')`,
    undo: 'drop extension postgres_fdw cascade',
  },
  sql: `
    select quote_ident(srvname) as server, case umuser when 0 then 'public' else quote_ident(usename) end as role
    from pg_user_mappings order by 1, 2`,
  found: ({server, role}) => ({
    what: `the user mapping of ${role} for server ${server} contains a password, and is not copied to RDS`,
    remedy: 'create it on RDS after the move, or drop it',
    fix: `drop user mapping for ${role} server ${server}`,
  }),
})

const foreignTables = catalogCheck<{name: string; server: string}>({
  id: 'foreign-tables',
  question: 'Are there foreign tables, whose rows stay on another server?',
  level: 'warning',
  example: {
    on: 'source',
    superuser: true,
    sql: `create extension if not exists postgres_fdw;
      create server far_away foreign data wrapper postgres_fdw;
      create foreign table public.remote (id int) server far_away`,
    undo: 'drop extension postgres_fdw cascade',
  },
  sql: `
    select ${NAME} as name, quote_ident(s.srvname) as server from pg_foreign_table f
    join pg_foreign_server s on s.oid = f.ftserver join ${relationOf('f.ftrelid')} order by 1`,
  found: ({name, server}) => ({
    what: `the rows of foreign table ${name} stay on server ${server}: they are not frozen, copied or verified`,
    remedy: 'make sure that RDS can reach that server, or drop the table',
    fix: `drop foreign table ${name}`,
  }),
})

export default [
  extensionTables,
  preloaded,
  outdated,
  elsewhere,
  foreignServers,
  userMappings,
  foreignTables,
] satisfies Check[]
