import {randomBytes} from 'node:crypto'
import pg from 'pg'
import type {PostgresServer} from './server.js'
import {runAll} from './sql.js'
import {verifiedUrl} from './urls.js'

const {escapeIdentifier: id, escapeLiteral: literal} = pg

export interface RdsInstanceOptions {
  masterUser?: string
  /** DBName: the database RDS makes with the instance, owned by the master. */
  database?: string
}

export interface TargetOptions {
  database?: string
  role?: string
  password?: string
  /** The app role may subscribe to other servers, as the master may grant it from Postgres 16 on. */
  subscribes?: boolean
}

export interface TargetDatabase {
  database: string
  role: string
  password: string
  /** What the app is to connect with: the app role, verify-full. */
  url: string
  /** The master on this database. */
  masterUrl: string
}

export interface RdsInstance {
  masterUser: string
  masterPassword: string
  masterUrl: string
  database: string
  /** A fresh database owned by a fresh app role, both made by the master. May be called any number of times. */
  createTargetDatabase(options?: TargetOptions): Promise<TargetDatabase>
  /** The URL of any role of this instance, verify-full. */
  appUrl(role: string, password: string, database?: string): string
}

/** Makes a server an RDS instance: its roles, its master user, its parameters. Call it once per server. */
export async function provisionRdsInstance(
  server: PostgresServer,
  {masterUser = 'postgres', database: initial = 'app'}: RdsInstanceOptions = {},
): Promise<RdsInstance> {
  const masterPassword = randomPassword()
  const inherited = ['pg_monitor', 'pg_signal_backend', 'pg_checkpoint', 'rds_replication', 'rds_password']
  if (server.major >= 16) inherited.push('pg_create_subscription', 'pg_use_reserved_connections')
  await runAll(server.superuserUrl(), [
    'CREATE ROLE rds_replication',
    'CREATE ROLE rds_password',
    'CREATE ROLE rds_superuser',
    `GRANT ${inherited.join(', ')} TO rds_superuser WITH ADMIN OPTION`,
    'GRANT SET ON PARAMETER session_replication_role TO rds_superuser',
    `CREATE ROLE ${id(masterUser)} LOGIN CREATEDB CREATEROLE PASSWORD ${literal(masterPassword)}`,
    `GRANT rds_superuser TO ${id(masterUser)} WITH ADMIN OPTION`,
    'CREATE DATABASE rdsadmin',
    'REVOKE CONNECT ON DATABASE rdsadmin FROM PUBLIC',
    `CREATE DATABASE ${id(initial)} OWNER ${id(masterUser)}`,
  ])
  const extensions = await server.superuser<{name: string}>('postgres', 'SELECT name FROM pg_available_extensions')
  await server.configure({
    'rds.extensions': extensions.map(({name}) => name).join(', '),
    'rds.allowed_extensions': '*',
    'rds.force_ssl': 1,
    'rds.logical_replication': 0,
  })
  const master = (database: string) => verifiedUrl(server, {user: masterUser, password: masterPassword, database})
  const appUrl = (role: string, password: string, database = initial) =>
    verifiedUrl(server, {user: role, password, database})

  return {
    masterUser,
    masterPassword,
    database: initial,
    masterUrl: master(initial),
    appUrl,
    async createTargetDatabase({
      database = `app_${randomBytes(4).toString('hex')}`,
      role = database,
      password = randomPassword(),
      subscribes = false,
    } = {}) {
      await runAll(master(initial), [
        `CREATE ROLE ${id(role)} LOGIN PASSWORD ${literal(password)}`,
        `GRANT ${id(role)} TO ${id(masterUser)}`,
        `CREATE DATABASE ${id(database)} OWNER ${id(role)}`,
        ...(subscribes ? [`GRANT pg_create_subscription TO ${id(role)}`] : []),
      ])
      return {database, role, password, url: appUrl(role, password, database), masterUrl: master(database)}
    },
  }
}

function randomPassword(): string {
  return randomBytes(16).toString('base64url')
}
