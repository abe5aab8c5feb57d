import type {Bastion, Attachment, Autoscaler, DatabaseInfo, Dyno, HerokuApp, Process} from './records.js'
import type {Secret} from './secret.js'

/** What can be asked of Heroku. Each call waits out rate limits and outages. */
export interface Heroku {
  /** The same, whose looks and waits end when the signal aborts; an outage is waited out for so many seconds. */
  under(signal: AbortSignal, how?: {patienceSeconds?: number}): Heroku
  /** The only way to what changes something: for who holds the operator's lock. `guard` fails once somebody else does. */
  underLock(signal: AbortSignal, guard: () => Promise<void>): HerokuUnderLock
  app(name: string): Promise<HerokuApp>
  formation(app: string): Promise<Process[]>
  /** Those that are on. By the app's id: Heroku's metrics know no names. */
  autoscalers(appId: string): Promise<Autoscaler[]>
  dynos(app: string): Promise<Dyno[]>
  preboot(app: string): Promise<boolean>
  /** Requests this account may make before Heroku refuses them. */
  requestsLeft(): Promise<number>
  /** Seconds until the login at hand ends; null where it has no end, or Heroku does not tell. */
  loginEnds(): Promise<number | null>
  /** What this account may do with an app (`view`, `deploy`, `operate`, `manage`); null where Heroku does not tell. */
  rights(app: string): Promise<string[] | null>
  addons(app: string): Promise<{name: string; plan: string; configVars: string[]}[]>
  /** Attachments of Heroku Postgres on an app, with any credential. */
  databases(app: string): Promise<Attachment[]>
  /** On every app Heroku tells of; those of an app this account may not look at come without config vars. */
  attachments(addonId: string): Promise<Attachment[]>
  configVars(app: string): Promise<Record<string, Secret>>
  /** As they were in a release: what its dynos boot with. */
  releaseConfigVars(app: string, version: number): Promise<Record<string, Secret>>
  latestRelease(app: string): Promise<{version: number; status: string; description: string}>
  /** The URL of the default credential, as the Data API tells it; undefined where it tells none. */
  databaseUrl(addonId: string): Promise<Secret | undefined>
  /** Of a database on a Private plan, as the Data API tells it; undefined where it tells none. */
  bastion(addonId: string): Promise<Bastion | undefined>
  databaseInfo(addonId: string): Promise<DatabaseInfo>
  /** Data maintenance Heroku has planned, as Heroku words it; null when there is none. */
  plannedMaintenance(addonId: string): Promise<string | null>
  /** Where the dynos of a Private Space come from, and whether it is peered with a network of the customer's. */
  network(space: string): Promise<{addresses: string[]; peered: boolean}>
  /** The pipeline of an app and its stage there; null when it is in none. */
  pipeline(app: string): Promise<{name: string; stage: string} | null>
  /** Runs a command in a one-off dyno, which leaves nothing on Heroku. `exitCode` is undefined when Heroku's log did not tell it in time. */
  runOneOff(
    app: Pick<HerokuApp, 'generation' | 'name'>,
    command: string,
    env: Record<string, Secret | string>,
  ): Promise<{exitCode?: number; output: string}>
}

/**
 * What can be changed on Heroku. The guard is asked right before each request that changes something. Idempotent: nothing is repeated that
 * may have happened without a look, and what is there already is not made again.
 */
export interface HerokuUnderLock extends Heroku {
  under(signal: AbortSignal, how?: {patienceSeconds?: number; guard?: () => Promise<void>}): HerokuUnderLock
  setMaintenance(app: string, on: boolean): Promise<void>
  scale(app: string, processes: readonly Pick<Process, 'quantity' | 'type'>[]): Promise<void>
  /** On again, as it was. */
  startAutoscaler(appId: string, autoscaler: Autoscaler): Promise<void>
  stopDyno(app: string, dyno: Dyno): Promise<void>
  setPreboot(app: string, on: boolean): Promise<void>
  /** Asks for changes that change nothing, by the verbs that a window needs; fails with the refusal of one that is not allowed. */
  tryRights(app: string): Promise<void>
  attach(attachment: Pick<Attachment, 'app' | 'name' | 'namespace'>, addonName: string): Promise<void>
  detach(attachment: Pick<Attachment, 'app' | 'id'>): Promise<void>
  /** With all its data, and its attachments on every app. */
  destroyAddon(addon: Attachment['addon']): Promise<void>
  /** One PATCH, one release; null removes. Returns all config vars as they are then. */
  setConfigVars(app: string, patch: Record<string, Secret | null>): Promise<Record<string, Secret>>
}
