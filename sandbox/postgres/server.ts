import {mkdirSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import pg from 'pg'
import type {Major} from './binaries.js'
import type {ServerTls} from './certificates.js'
import {withoutRoutes} from '../network/routes.mjs'
import {writeAccessRules, writeSettings, type Settings} from './configuration.js'
import {PortTaken, startPostmaster, type Postmaster} from './postmaster.js'
import {freePort} from './ports.js'
import {removeWhenWeAreGone} from './reaper.js'
import {giveToServerUser, makeReachable} from './server-user.js'
import {createDataDirectory, superuser} from './template.js'
import {verifiedUrl} from './urls.js'

export interface ServerOptions {
  major: Major
  tls: ServerTls
  /** Where the server's own folder is made; the temporary folder by default. */
  dir?: string
  settings?: Settings
  /** Refuse plaintext, as `rds.force_ssl` does. */
  requireTls?: boolean
  port?: number
}

export interface PostgresServer {
  readonly host: 'localhost'
  readonly port: number
  readonly major: Major
  readonly tls: ServerTls
  readonly dataDir: string
  readonly logFile: string
  superuserUrl(database?: string): string
  /** One statement as the provider's superuser, on a connection of its own which may write whatever the defaults are. */
  superuser<Row = Record<string, unknown>>(database: string, sql: string, params?: unknown[]): Promise<Row[]>
  /** Replaces or adds settings. Those Postgres reads only at start wait for a `restart()`. */
  configure(settings: Settings): Promise<void>
  /** Down, as in an outage: the data stays, `resume()` brings it back on the same port. */
  halt(options?: {immediate?: boolean}): Promise<void>
  resume(): Promise<void>
  restart(options?: {immediate?: boolean}): Promise<void>
  /** Down for good: no process, port or file is left. */
  stop(options?: {immediate?: boolean}): Promise<void>
}

/** A real Postgres server on a random port of this machine, with TLS. */
export async function startServer(options: ServerOptions): Promise<PostgresServer> {
  const {major, tls, requireTls = false} = options
  const parent = options.dir ?? tmpdir()
  mkdirSync(parent, {recursive: true})
  const folder = mkdtempSync(join(parent, `postgres-${major}-`))
  removeWhenWeAreGone(folder)
  giveToServerUser(folder)
  makeReachable(folder)
  const dataDir = join(folder, 'data')
  const logFile = join(folder, 'postgres.log')
  let settings: Settings = {...options.settings}
  await createDataDirectory(major, dataDir)
  writeAccessRules(dataDir, requireTls)
  const {port, ...started} = await startOnFreePort()
  let {postmaster} = started

  const server: PostgresServer = {
    host: 'localhost',
    major,
    tls,
    dataDir,
    logFile,
    port,
    superuserUrl: (database = 'postgres') =>
      verifiedUrl({host: 'localhost', port, tls}, {user: superuser.name, password: superuser.password, database}),
    superuser: <Row>(database: string, sql: string, params?: unknown[]) =>
      withoutRoutes(async () => {
        const client = new pg.Client({
          connectionString: server.superuserUrl(database),
          options: '-c default_transaction_read_only=off',
        })
        await client.connect()
        try {
          return (await client.query(sql, params)).rows as Row[]
        } finally {
          await client.end()
        }
      }),
    async configure(changes) {
      settings = {...settings, ...changes}
      writeSettings(dataDir, tls, port, settings)
      const [before] = await server.superuser<{at: Date}>('postgres', 'SELECT pg_conf_load_time() AS at')
      postmaster.reload()
      await postmaster.waitFor('the new settings to be read', async () => {
        const [now] = await server.superuser<{at: Date}>('postgres', 'SELECT pg_conf_load_time() AS at')
        return now!.at > before!.at
      })
    },
    halt: ({immediate = false} = {}) => postmaster.stop(immediate),
    async resume() {
      postmaster = await startPostmaster(major, dataDir, logFile)
    },
    async restart(how) {
      await server.halt(how)
      await server.resume()
    },
    async stop(how) {
      await server.halt(how)
      rmSync(folder, {recursive: true, force: true})
    },
  }
  return server

  async function startOnFreePort(): Promise<{port: number; postmaster: Postmaster}> {
    for (let attempt = 1; ; attempt++) {
      const port = options.port ?? (await freePort())
      writeSettings(dataDir, tls, port, settings)
      try {
        return {port, postmaster: await startPostmaster(major, dataDir, logFile)}
      } catch (error) {
        if (error instanceof PortTaken && options.port === undefined && attempt < 5) continue
        rmSync(folder, {recursive: true, force: true})
        throw error
      }
    }
  }
}
