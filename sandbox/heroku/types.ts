/** What an app runs: a directory, and the shell command of each process type (a Procfile). */
export interface Slug {
  dir: string
  processTypes: Record<string, string>
}

export interface ScheduleSpec {
  command: string
  everySeconds: number
}

export interface AppSpec {
  name: string
  slug: Slug
  formation?: Record<string, number>
  configVars?: Record<string, string>
  stack?: string
  region?: string
  space?: string | null
  /** As the buildpack names it. */
  language?: string
  pipeline?: {name: string; stage: string}
  generation?: 'cedar' | 'fir'
  owner?: string
  /** Name of the team that owns the app. */
  team?: string
  /** Members of the team have no right on it unless they were given one. */
  locked?: boolean
  /** How many releases the app has had; 3, the fewest, by default. */
  releases?: number
  features?: {preboot?: boolean}
  schedule?: ScheduleSpec
}

/** Numbers the Data API shows; a sandbox reads them from the real server. */
export interface DatabaseFigures {
  version: string
  bytes: number
  tables: number
  connections: number
  connectionLimit: number
  waitingConnections: number
}

export interface DatabaseSpec {
  url: string
  /** URL of a pooler attachment (namespace `connection-pooling:default`); without it, attaching the pooler fails. */
  poolUrl?: string
  /** Asked on every Data API request. */
  measure?: () => Promise<Partial<DatabaseFigures>>
  /** What pg:killall does to the real server. */
  resetConnections?: () => Promise<void>
  /** URL of the leader when this database is a follower. */
  following?: string
  /** Lines that replace or extend the `info` list, by name. */
  info?: Record<string, string[]>
}

export interface AddonSpec {
  app: string
  plan: string
  name?: string
  /** Attachment name; null attaches nothing. */
  as?: string | null
}

export interface PostgresSpec extends AddonSpec {
  database: DatabaseSpec
  /** URLs of further credentials by name (attached as `credential:<name>`). */
  credentials?: Record<string, string>
}

export interface OtherAddonSpec extends AddonSpec {
  /** Config vars of an attachment by suffix: {URL: '…'} attached as REDIS gives REDIS_URL. */
  config?: Record<string, string>
}

/** How fast and how patient the platform is. All durations are shorter than Heroku's by default. */
export interface Settings {
  /** A new release stays pending this long before its release phase. */
  releaseSeconds: number
  /** With preboot, how long the old web dynos serve after the new ones are up (Heroku: 180). */
  prebootSeconds: number
  /** From SIGTERM to SIGKILL (Heroku: 30). */
  graceSeconds: number
  /** A web dyno that has not bound its port by then is killed (R10; Heroku: 60). */
  bootSeconds: number
  /** First pause before a crashed dyno is started again; doubles up to 32 times it. */
  crashBackoffSeconds: number
  latencyMs: number
  /** Requests an account may make in an hour (Heroku: 4500). */
  requestLimit: number
  /** Put first in the PATH of every dyno, so that the simulated stack can ship its own `psql`. */
  stackBin?: string
}

export type EventKind =
  | 'maintenance-on'
  | 'maintenance-off'
  | 'dyno-starting'
  | 'dyno-up'
  | 'dyno-stopping'
  | 'dyno-down'
  | 'dyno-crashed'
  | 'release'
  | 'release-succeeded'
  | 'release-failed'
  | 'config-vars'
  | 'attach'
  | 'detach'
  | 'rotate'
  | 'scale'
  | 'feature'

/** One thing that happened on the platform, as an outside observer would note it. */
export interface PlatformEvent {
  at: number
  app: string
  kind: EventKind
  detail: Readonly<Record<string, string | number | boolean | null>>
}

/** One API request; `status` 0 means the connection was cut without an answer, null that none was given yet. */
export interface ApiCall {
  at: number
  /** Email of the account that the token belongs to; null without a good token. */
  account: string | null
  method: string
  path: string
  status: number | null
  body: unknown
}
