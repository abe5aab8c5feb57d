import {readFileSync} from 'node:fs'

import pg from 'pg'

import type {Major} from '../sandbox/postgres/binaries.js'
import {createCertificateAuthority} from '../sandbox/postgres/certificates.js'
import type {Settings} from '../sandbox/postgres/configuration.js'
import {startDistance} from '../sandbox/network/distance.js'
import type {ProfileName} from '../sandbox/network/profiles.js'
import {provisionHerokuDatabase} from '../sandbox/postgres/heroku-postgres.js'
import {provisionRdsInstance} from '../sandbox/postgres/rds-postgres.js'
import {type PostgresServer, startServer} from '../sandbox/postgres/server.js'
import {type ConnectionParts, parseConnectionUrl} from '../src/lib/postgres/connection-url.js'
import type {Tls} from '../src/lib/adapters/client-settings.js'
import {openDatabase} from '../src/lib/adapters/postgres.js'
import type {Database} from '../src/lib/ports/ports.js'
import {Secret} from '../src/lib/ports/secret.js'
import {type Later, newFolder} from './cleanup.js'
import {DURABLE, durabilityOf} from './durability.js'

/** Memory as Heroku and RDS give it to a server of 8 GB. */
export const SOURCE_SETTINGS: Settings = {
  ...DURABLE,
  shared_buffers: '2GB',
  effective_cache_size: '6GB',
  maintenance_work_mem: '384MB',
  max_wal_size: '4GB',
}
export const TARGET_SETTINGS: Settings = {
  ...DURABLE,
  shared_buffers: '2GB',
  effective_cache_size: '4GB',
  maintenance_work_mem: '127MB',
  max_wal_size: '2GB',
  max_worker_processes: 8,
}

/** A server does only what it is asked to: no vacuum and no checkpoint of its own falls into one turn and not into another. */
export const QUIET: Settings = {autovacuum: false, checkpoint_timeout: '1h', max_wal_size: '16GB'}

/** A fresh database, and how the tool and others reach it. */
export interface Place {
  server: PostgresServer
  database: string
  /** As the owner. */
  url: string
  superuserUrl: string
  /** By which whoever is measured reaches its server; the URLs are near. */
  port: number
  /** As the tool opens it. */
  db: Database
  parts: ConnectionParts
  tls: Tls
}

export interface Stage {
  /** A source server with Heroku's guardrails. */
  newSourceServer(settings?: Settings): Promise<PostgresServer>
  newSource(server: PostgresServer): Promise<Place>
  /** The RDS instance. */
  target: PostgresServer
  newTarget(): Promise<Place>
  /** Of all servers that it has by now. */
  durability(): Promise<string>
}

export interface StageOptions {
  sourceMajor: Major
  targetMajor: Major
  settings?: Settings
  /** From who is measured to every server. */
  distance?: ProfileName
}

/** Servers of this machine; everything goes when `later` comes. */
export async function setStage(
  later: Later,
  {sourceMajor, targetMajor, settings = {}, distance = 'loopback'}: StageOptions,
): Promise<Stage> {
  const folder = newFolder(later)
  const between = startDistance(distance, folder)
  later(() => between.stop())
  const ca = await createCertificateAuthority(folder)
  const tls = await ca.issueServerCertificate()
  const ports = new Map<PostgresServer, number>()
  const start = async (options: Parameters<typeof startServer>[0]) => {
    const server = await startServer(options)
    later(() => server.stop({immediate: true}))
    ports.set(server, await between.add('databases', server))
    return server
  }
  const target = await start({
    major: targetMajor,
    dir: folder,
    tls,
    requireTls: true,
    settings: {...TARGET_SETTINGS, ...settings},
  })
  const rds = await provisionRdsInstance(target)
  const open = (side: Database['side'], server: PostgresServer, url: string, how: Tls) => {
    const port = ports.get(server)!
    const parts = {...parseConnectionUrl(new Secret(url), 'URL'), port}
    const db = openDatabase(side, parts, how)
    later(() => db.close())
    return {server, url, port, db, parts, tls: how}
  }
  return {
    target,
    newSourceServer: (more = {}) =>
      start({major: sourceMajor, dir: folder, tls, settings: {...SOURCE_SETTINGS, ...settings, ...more}}),
    async newSource(server) {
      const {url, database} = await provisionHerokuDatabase(server)
      const superuserUrl = server.superuserUrl(database)
      return {database, superuserUrl, ...open('source', server, url, {mode: 'encrypted'})}
    },
    async newTarget() {
      const {url, database} = await rds.createTargetDatabase()
      const authorities = [readFileSync(ca.caFile, 'utf8')]
      const superuserUrl = target.superuserUrl(database)
      return {database, superuserUrl, ...open('target', target, url, {mode: 'verified', authorities})}
    },
    durability: () => durabilityOf([...ports.keys()]),
  }
}

/** A connection as an app makes it; without TLS where the server allows that, so that it costs nobody anything. */
export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({connectionString: url})
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** Statements one by one, on a connection of their own. Rows of the last one. */
export async function ask<Row = Record<string, unknown>>(url: string, ...statements: string[]): Promise<Row[]> {
  const client = await connect(url)
  try {
    let rows: unknown[] = []
    for (const statement of statements) rows = (await client.query(statement)).rows ?? []
    return rows as Row[]
  } finally {
    await client.end()
  }
}
