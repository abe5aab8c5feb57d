/** What an app runs: a directory, and the shell command of each process type (a Procfile). */
export interface Slug {
  dir: string
  processTypes: Record<string, string>
}

/** What one-off commands find in an app's dynos; its own processes always run. */
export interface ImageSpec {
  /** False where the image has no psql; by default only the stack `container` has none. */
  psql?: boolean
  /** False for an app in another language, or with nothing but a shell. */
  node?: boolean
  /** False: `require('pg')` does not resolve in the app's folder. */
  pgDriver?: boolean
}

export interface Image extends Required<ImageSpec> {
  /** Buildpacks' executables are found only through `launcher` (stack `cnb`). */
  launcher: boolean
}

/**
 * What a caller gets of an app's log. `refused-403` and `refused-422`: no session, as in a Shield space with Private
 * Space Logging, for which Heroku documents only that `heroku logs` cannot be used. `stream-403`: a session whose
 * stream answers 403, as outside of a space's trusted IP ranges. `drained`: a session that never shows a line.
 * `lossy`: every second line is dropped, as Logplex drops some under load. `plain`: server-sent events are never
 * sent; Heroku's SDK says so of Cedar, while the stock command reads nothing else.
 */
export type LogAccess = 'full' | 'refused-403' | 'refused-422' | 'stream-403' | 'drained' | 'lossy' | 'plain'

/** Native autoscaling of web dynos between two quantities, by p95 response time in milliseconds (1000). */
export interface AutoscalingSpec {
  min: number
  max: number
  p95?: number
}

export interface ScheduleSpec {
  command: string
  everySeconds: number
}

export interface AppSpec {
  name: string
  slug: Slug
  formation?: Record<string, number>
  /** Of all process types, such as Eco or Performance-M; by default the smallest of Standard, Private or Fir. */
  dynoSize?: string
  configVars?: Record<string, string>
  /** What runs now; Cedar's default is heroku-24, Fir's cnb. */
  stack?: string
  /** What the next build will be on; the same by default. */
  buildStack?: string
  image?: ImageSpec
  logs?: LogAccess
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
  autoscaling?: AutoscalingSpec
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
  /**
   * Port of this machine where a server listens that can be reached from within its space only: its URL names a host and
   * port that nobody else knows.
   */
  privatePort?: number
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
  /** That of the attachment, such as `credential:app`. */
  namespace?: string
}

/** `host` is asked at port 22; `privateKey` is PEM, and another one after Heroku has replaced it. */
export interface Bastion {
  readonly host: string
  readonly privateKey: string
}

export interface PostgresSpec extends AddonSpec {
  database: DatabaseSpec
  /** URLs of further credentials by name (attached as `credential:<name>`, on Advanced as `role:<name>`). */
  credentials?: Record<string, string>
  /** Advanced: URLs of the owner in each follower pool, by name (attached as `pool:<name>`). */
  pools?: Record<string, string>
  /** How a database in a Private or Shield space is reached from outside. */
  bastion?: Bastion
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
  /** One-off dynos are refused with 409 for so long after a release was made. */
  releaseConflictSeconds: number
  /** How long a log stream of Fir lasts (Heroku: 900). */
  firLogSeconds: number
  /** Whether Fir's apps have maintenance mode: no public source tells, and the stock command does not ask. */
  firMaintenance: boolean
  /** Executables of the stack, such as its own `psql`, for every dyno whose image has them; they may need node. */
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
  | 'autoscaling-on'
  | 'autoscaling-off'
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
