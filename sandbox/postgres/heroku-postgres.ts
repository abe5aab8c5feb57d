import {randomBytes} from 'node:crypto'
import pg from 'pg'
import {type Generation, herokuObjects, makeProviderRoles} from './heroku-objects.js'
import type {PostgresServer} from './server.js'
import {runAll} from './sql.js'
import {databaseUrl} from './urls.js'

const {escapeIdentifier: id, escapeLiteral: literal} = pg

export interface HerokuDatabaseOptions {
  /** The database's name; random like Heroku's by default. */
  name?: string
  /** Of the owner; any characters. */
  password?: string
  /** Connections the plan allows the owner. */
  connectionLimit?: number
  /** Further credentials, which may read and write every table of the owner. */
  credentials?: string[]
  /** The owner may replicate, which no plan of Heroku's allows: a standby fed with its log, say. */
  replication?: boolean
  /** Which of Heroku's own objects it holds: those of databases made before 2026, or the newer ones. */
  generation?: Generation
}

export interface HerokuDatabase {
  /** As in the app's config: no query, so it says nothing of TLS. */
  url: string
  database: string
  user: string
  password: string
  credentials: Record<string, {url: string; user: string; password: string}>
  stats(): Promise<{bytes: number; tables: number; connections: number}>
}

/** What Heroku lets a customer install by the trusted way; the CLI reads this list. */
const allowedExtensions =
  'btree_gin,btree_gist,citext,cube,fuzzystrmatch,hstore,intarray,isn,lo,ltree,pg_trgm,pgcrypto,tablefunc,unaccent,uuid-ossp'

/**
 * An add-on's database with Heroku's guardrails: the customer owns it, but is no superuser, makes no roles and no
 * replication slots, and shares it with objects of the provider.
 */
export async function provisionHerokuDatabase(
  server: PostgresServer,
  options: HerokuDatabaseOptions = {},
): Promise<HerokuDatabase> {
  const {
    name: database = random('d', 7),
    password = random('p', 32),
    connectionLimit = 120,
    replication = false,
    generation = 'newer',
  } = options
  const user = random('u', 7)
  await closeSharedDatabases(server)
  await makeProviderRoles(server)
  await runAll(server.superuserUrl(), [
    `CREATE ROLE ${id(user)} LOGIN ${replication ? 'REPLICATION' : ''} CONNECTION LIMIT ${connectionLimit} PASSWORD ${literal(password)}`,
    `GRANT pg_monitor, pg_read_all_settings, pg_read_all_stats, pg_signal_backend TO ${id(user)}`,
    `CREATE DATABASE ${id(database)} OWNER ${id(user)}`,
    `REVOKE CONNECT, TEMPORARY ON DATABASE ${id(database)} FROM PUBLIC`,
    `ALTER DATABASE ${id(database)} SET search_path = "$user", public, heroku_ext`,
    `ALTER DATABASE ${id(database)} SET extwlist.extensions = ${literal(allowedExtensions)}`,
  ])
  await runAll(server.superuserUrl(database), herokuObjects({user, generation, major: server.major}))
  const owner = {url: databaseUrl(server, {user, password, database}), database, user, password}
  const credentials: HerokuDatabase['credentials'] = {}
  for (const credential of options.credentials ?? []) {
    credentials[credential] = await addCredential(server, owner, credential)
  }

  return {
    ...owner,
    credentials,
    async stats() {
      const [row] = await server.superuser<{bytes: string; tables: number; connections: number}>(
        database,
        `SELECT pg_database_size(current_database()) AS bytes,
           (SELECT count(*)::int FROM pg_tables WHERE tableowner = $1) AS tables,
           (SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND usename <> current_user)
             AS connections`,
        [user],
      )
      return {...row!, bytes: Number(row!.bytes)}
    },
  }
}

const closed = new WeakMap<PostgresServer, Promise<void>>()

/** Customers cannot enter the databases every server has. */
function closeSharedDatabases(server: PostgresServer): Promise<void> {
  const statement = 'REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC'
  const closing = closed.get(server) ?? runAll(server.superuserUrl(), [statement])
  closed.set(server, closing)
  return closing
}

/** Roles are shared by all databases of a server, so the role of a credential has more than its name. */
async function addCredential(
  server: PostgresServer,
  owner: {database: string; user: string},
  credential: string,
): Promise<{url: string; user: string; password: string}> {
  const user = random(`${credential}_`, 4)
  const password = random('p', 32)
  const byOwner = `ALTER DEFAULT PRIVILEGES FOR ROLE ${id(owner.user)} GRANT`
  await runAll(server.superuserUrl(owner.database), [
    `CREATE ROLE ${id(user)} LOGIN PASSWORD ${literal(password)}`,
    `GRANT CONNECT, TEMPORARY ON DATABASE ${id(owner.database)} TO ${id(user)}`,
    `GRANT USAGE ON SCHEMA public TO ${id(user)}`,
    `${byOwner} USAGE ON SCHEMAS TO ${id(user)}`,
    `${byOwner} SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${id(user)}`,
    `${byOwner} USAGE, SELECT ON SEQUENCES TO ${id(user)}`,
  ])
  return {url: databaseUrl(server, {user, password, database: owner.database}), user, password}
}

function random(prefix: string, bytes: number): string {
  return prefix + randomBytes(bytes).toString('hex')
}
