import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {closeSync, openSync} from 'node:fs'
import {join} from 'node:path'

import {attach} from './heroku/attachments.js'
import {type BastionServer, startBastion} from './heroku/bastion.js'
import type {Addon, App, AppSpec, HerokuSimulator} from './heroku/index.js'
import type {Distance} from './network/distance.js'
import {auditLedger, type LedgerAudit, type LedgerEntry, readLedger} from './ledger.js'
import {type HerokuDatabase, provisionHerokuDatabase} from './postgres/heroku-postgres.js'
import type {Generation} from './postgres/heroku-objects.js'
import type {RdsInstance, TargetDatabase} from './postgres/rds-postgres.js'
import type {PostgresServer} from './postgres/server.js'
import {endReplication, withDatabases} from './shop/databases.js'
import {seedShop} from './shop/seed.js'

const SLUG = join(import.meta.dirname, 'shop')

export interface ShopOptions {
  name?: string
  /** 1 is about 25 MB of data. */
  scale?: number
  /** Leaves the source without the shop's own tables, for another schema; its dynos have nothing to work with then. */
  empty?: boolean
  formation?: Record<string, number>
  /** Seconds between two runs of the nightly job; none when left out. */
  scheduleSeconds?: number
  /** Password of the target's role; any characters. */
  targetPassword?: string
  sourcePassword?: string
  credentials?: string[]
  /** Which of Heroku's own objects the source holds. */
  generation?: Generation
  space?: string
  pipeline?: {name: string; stage: string}
  processTypes?: Record<string, string>
  configVars?: Record<string, string>
  /** Gives the app its database in another form than an attachment DATABASE, before its dynos start. */
  connect?: (parts: {app: App; addon: Addon; source: HerokuDatabase}) => void
  /** How Heroku runs the app. */
  runtime?: Pick<
    AppSpec,
    'autoscaling' | 'buildStack' | 'dynoSize' | 'generation' | 'image' | 'logs' | 'owner' | 'releases' | 'stack'
  >
  /**
   * Of its database; standard-0 when left out. One of a Private or Shield space can be reached from within the shop's
   * space only, and through the bastion where it has one.
   */
  plan?: string
  /** Whether the space of its database has a bastion: as on Heroku, one for Private plans, when left out. */
  bastion?: boolean
  /** Advanced: names of follower pools; all of them are the same server under another address. */
  pools?: string[]
  /** The pooler can be attached: the same server under another address. */
  pooler?: boolean
  /** Milliseconds for which a customer, and the worker, rest between two writes; each has its own busy habit by default. */
  pauseMs?: number
}

/** A shop in business: an app on Heroku with its database, an empty target, and a ledger that sees every order. */
export interface Shop {
  readonly name: string
  readonly app: App
  readonly addon: Addon
  readonly source: HerokuDatabase
  readonly target: TargetDatabase
  readonly ledgerFile: string
  /** What leads to the database of a Private plan. */
  readonly bastion?: BastionServer
  readonly distance: Distance
  /** The sandbox's environment and the target's URL. */
  readonly env: NodeJS.ProcessEnv
  /** Lets customers in, who order through the router. */
  customersCome(): void
  customersLeave(): Promise<void>
  ledger(): LedgerEntry[]
  audit(primaryAtEnd: 'source' | 'target'): Promise<LedgerAudit>
  /** Another app attached to the same database. */
  attachApp(name: string, processTypes: Record<string, string>, formation: Record<string, number>): App
  /** Goes out of business: no customer, no dyno and no replication is left; the databases are. */
  close(): Promise<void>
}

let shops = 0

const start = (app: App, formation: Record<string, number>): void => {
  for (const [type, quantity] of Object.entries(formation)) app.formation.scale(type, quantity)
}

/** What a shop needs of the world that it opens in. */
export interface ShopWorld {
  readonly heroku: HerokuSimulator
  readonly source: PostgresServer
  readonly target: PostgresServer
  readonly sourceReplication: boolean
  readonly rds: RdsInstance
  /** For the ledgers. */
  readonly home: string
  readonly distance: Distance
  readonly env: NodeJS.ProcessEnv
}

/** Opens a shop: provisions both databases, fills the source, deploys the app and starts its dynos. */
export async function openShop(sandbox: ShopWorld, options: ShopOptions): Promise<Shop> {
  const name = options.name ?? `shop-${++shops}`
  const plan = options.plan ?? 'standard-0'
  const {source: server, target: targetServer, sourceReplication: replication, heroku, distance} = sandbox
  const {pauseMs} = options
  const source = await provisionHerokuDatabase(server, {
    credentials: options.credentials ?? [],
    replication,
    ...(options.generation ? {generation: options.generation} : {}),
    ...(options.sourcePassword === undefined ? {} : {password: options.sourcePassword}),
  })
  const target = await sandbox.rds.createTargetDatabase({
    subscribes: replication,
    ...(options.targetPassword === undefined ? {} : {password: options.targetPassword}),
  })
  if (!options.empty) await seedShop(source.url, {scale: options.scale ?? 0})

  const inside = /private|shield/.test(plan)
  const address = inside ? `${source.database}.${options.space}.invalid:5432` : undefined
  const asApp = (url: string) => (address === undefined ? url : at(url, address))
  const bastion =
    address !== undefined && (options.bastion ?? plan.startsWith('private'))
      ? await startBastion({space: options.space!, address, port: server.port})
      : undefined
  if (bastion) await distance.add('databases', {host: '127.0.0.1', port: bastion.port}, bastion.address)

  const ledgerFile = join(sandbox.home, `${name}.ledger`)
  closeSync(openSync(ledgerFile, 'a'))
  const app = heroku.createApp({
    name,
    slug: {dir: SLUG, processTypes: {web: 'node web.mjs', worker: 'node worker.mjs', ...options.processTypes}},
    formation: {},
    configVars: {
      LEDGER_FILE: ledgerFile,
      ...(pauseMs === undefined ? {} : {WORKER_PAUSE_MS: String(pauseMs)}),
      ...options.configVars,
    },
    ...(options.space ? {space: options.space} : {}),
    ...options.runtime,
    ...(options.pipeline ? {pipeline: options.pipeline} : {}),
    ...(options.scheduleSeconds
      ? {schedule: {command: 'node scheduler.mjs', everySeconds: options.scheduleSeconds}}
      : {}),
  })
  const addon = heroku.createPostgres({
    app: name,
    ...(options.connect ? {as: null} : {}),
    plan: `heroku-postgresql:${plan}`,
    ...(bastion ? {bastion} : {}),
    ...(options.pools ? {pools: Object.fromEntries(options.pools.map((pool) => [pool, elsewhere(source.url)]))} : {}),
    database: {
      url: asApp(source.url),
      ...(inside ? {privatePort: server.port} : {}),
      ...(options.pooler ? {poolUrl: elsewhere(source.url)} : {}),
      measure: async () => ({...(await source.stats()), connectionLimit: 120, version: String(server.major)}),
    },
    credentials: Object.fromEntries(
      Object.entries(source.credentials).map(([credential, {url}]) => [credential, asApp(url)]),
    ),
  })
  options.connect?.({app, addon, source})
  await app.settle()
  start(app, options.formation ?? {web: 1, worker: 1})
  await app.settle()

  const apps = [app]
  let customers: ChildProcess | undefined
  const shop: Shop = {
    name,
    app,
    addon,
    source,
    target,
    ledgerFile,
    ...(bastion ? {bastion} : {}),
    distance,
    env: {
      ...sandbox.env,
      RDS_DATABASE_URL: target.url,
      ...distance.env,
    },
    customersCome() {
      const env = {
        ...process.env,
        SHOP_URL: heroku.routerUrl,
        SHOP_HOST: `${name}.herokuapp.localhost`,
        LEDGER_FILE: ledgerFile,
        ...(pauseMs === undefined ? {} : {CUSTOMER_PAUSE_MS: String(pauseMs)}),
      }
      customers ??= spawn(process.execPath, [join(SLUG, 'customers.mjs')], {env, stdio: 'ignore'})
    },
    async customersLeave() {
      const leaving = customers
      customers = undefined
      if (!leaving || leaving.exitCode !== null) return
      leaving.kill('SIGTERM')
      await once(leaving, 'exit')
    },
    ledger: () => readLedger(ledgerFile),
    audit: (primaryAtEnd) =>
      withDatabases(source.url, target.url, [server.port, targetServer.port], (databases) =>
        auditLedger(readLedger(ledgerFile), databases, primaryAtEnd),
      ),
    attachApp(other, processTypes, formation) {
      const guest = heroku.createApp({
        name: other,
        slug: {dir: SLUG, processTypes},
        configVars: {LEDGER_FILE: ledgerFile},
      })
      attach(app.platform, {addon, app: guest, name: 'DATABASE', namespace: null})
      start(guest, formation)
      apps.push(guest)
      return guest
    },
    async close() {
      await shop.customersLeave()
      await Promise.all([...apps.map((one) => one.close()), bastion?.stop()])
      if (replication) await endReplication(sandbox, source.database, target.database)
    },
  }
  return shop
}

/** The same server by its address instead of its name, so that the URL is another one. */
const elsewhere = (url: string): string => at(url, `127.0.0.1:${new URL(url).port}`)

/** A URL with another `host:port`. */
const at = (url: string, host: string): string => Object.assign(new URL(url), {host}).href
