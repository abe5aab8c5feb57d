import type {Server} from 'node:http'
import type {AddressInfo} from 'node:net'

import type {Addon, DataMaintenance} from './addons.js'
import type {Account, AccountSpec} from './accounts.js'
import {createApiServer} from './api-server.js'
import type {App} from './app.js'
import {FaultPlan} from './faults.js'
import {LogSessions} from './log-sessions.js'
import {Platform} from './platform.js'
import {createRouter} from './router.js'
import {addAddonRoutes} from './routes-addons.js'
import {addAccountRoutes} from './routes-accounts.js'
import {addAdvancedRoutes} from './routes-advanced.js'
import {addAppRoutes} from './routes-apps.js'
import {addDataRoutes} from './routes-data.js'
import {addDynoRoutes} from './routes-dynos.js'
import {addMetricsRoutes} from './routes-metrics.js'
import {addReleaseRoutes} from './routes-releases.js'
import type {Right} from './rights.js'
import {Routes} from './routes.js'
import type {ApiCall, AppSpec, OtherAddonSpec, PlatformEvent, PostgresSpec, Settings} from './types.js'

export type {Account, AccountSpec, Addon, App, DataMaintenance, FaultPlan, Right}
export type {Attachment} from './addons.js'
export type {Dyno} from './dyno.js'
export type {Fault, FaultKind} from './faults.js'
export type {Release} from './releases.js'
export {herokuEnvironment, runHeroku} from './stock-cli.js'
export type {CommandOptions, CommandResult} from './stock-cli.js'
export type * from './types.js'

export interface StartOptions extends Partial<Settings> {
  /** API port; random by default. */
  port?: number
  routerPort?: number
}

export interface HerokuSimulator {
  /** Platform API, Data API and log streams. */
  readonly url: string
  /** The router: the app is chosen by the host `<app>.herokuapp.localhost` or by the first path segment. */
  readonly routerUrl: string
  /** The API key of the operator, who may do everything unless told otherwise. */
  readonly token: string
  readonly faults: FaultPlan
  /** Every API request, with secrets as they were sent. */
  readonly calls: readonly ApiCall[]
  /** What happened on the platform, whoever caused it. */
  readonly events: readonly PlatformEvent[]
  createApp(spec: AppSpec): App
  /** Attached as DATABASE unless the spec says otherwise. */
  createPostgres(spec: PostgresSpec): Addon
  createAddon(spec: OtherAddonSpec): Addon
  rotateCredentials(addon: string, url: string, credential?: string): void
  app(name: string): App
  addon(name: string): Addon
  /** Another account, whose `token` is accepted; it may do with an app what it is given. */
  createAccount(spec: AccountSpec): Account
  /** Gives an account (the operator unless named by email) exactly these rights; `view` comes with any other. */
  setRights(app: string, rights: readonly Right[], account?: string): void
  /** false: every request of the operator about the app is answered 403, and its attachments are not listed. */
  setPermission(app: string, allowed: boolean): void
  /** How many requests of an account (the operator unless named by email) were counted. */
  requests(account?: string): number
  /** Leaves an account so many requests. */
  setRequestsLeft(requests: number, account?: string): void
  /** Ends an account's token, as SSO does after eight hours. */
  endToken(account?: string): void
  scheduleMaintenance(addon: string, maintenance: Partial<DataMaintenance>): void
  /** Ends every dyno and closes both ports. */
  stop(): Promise<void>
}

const DEFAULTS: Settings = {
  releaseSeconds: 0.1,
  prebootSeconds: 3,
  graceSeconds: 5,
  bootSeconds: 30,
  crashBackoffSeconds: 0.5,
  latencyMs: 0,
  requestLimit: 4500,
  releaseConflictSeconds: 0,
  firLogSeconds: 900,
  firMaintenance: false,
}

export async function startHeroku(options: StartOptions = {}): Promise<HerokuSimulator> {
  const {port = 0, routerPort = 0, ...settings} = options
  const platform = new Platform({...DEFAULTS, ...settings})
  const {access} = platform
  const faults = new FaultPlan()
  const calls: ApiCall[] = []
  const routes = new Routes()
  const api = createApiServer({platform, routes, faults, calls})
  const router = createRouter(platform)
  const [url, routerUrl] = await Promise.all([listen(api, port), listen(router, routerPort)])
  addAccountRoutes(routes, platform, routerUrl)
  addAppRoutes(routes, platform, routerUrl)
  addReleaseRoutes(routes, platform, new LogSessions(), url)
  addAddonRoutes(routes, platform)
  addDynoRoutes(routes, platform)
  addDataRoutes(routes, platform)
  addAdvancedRoutes(routes, platform)
  addMetricsRoutes(routes, platform)

  const account = (email?: string) => {
    const found = email === undefined ? access.operator : access.accounts.find(email)
    if (!found) throw new Error(`no account ${email}`)
    return found
  }

  return {
    url,
    routerUrl,
    token: access.operator.token,
    faults,
    calls,
    events: platform.events,
    createApp: (spec) => platform.createApp(spec),
    createPostgres: (spec) => platform.createAddon(spec),
    createAddon: (spec) => platform.createAddon(spec),
    rotateCredentials: (addon, to, credential) => platform.rotate(platform.addon(addon), to, credential),
    app: (name) => platform.app(name),
    addon: (name) => platform.addon(name),
    createAccount: (spec) => access.accounts.create(spec),
    setRights: (app, rights, email) => access.give(platform.app(app), account(email), rights),
    setPermission: (app, allowed) => platform.setPermission(platform.app(app), allowed),
    requests: (email) => account(email).limit.counted,
    setRequestsLeft(requests, email) {
      account(email).limit.remaining = requests
    },
    endToken(email) {
      account(email).expiresAt = new Date()
    },
    scheduleMaintenance(name, maintenance) {
      const addon = platform.addon(name)
      addon.maintenance = {...addon.maintenance, status: 'pending', ...maintenance}
    },
    async stop() {
      await platform.close()
      await Promise.all([close(api), close(router)])
    },
  }
}

async function listen(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, 'localhost', resolve)
  })
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await closed
}
