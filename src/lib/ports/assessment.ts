import type {Fact} from './fact.js'
import type {Attachment, Autoscaler, DatabaseInfo, EngineOffer, HerokuApp, Process, RdsInstance} from './ports.js'

export type Level = 'blocker' | 'ok' | 'unknown' | 'warning'

/** Something a check has found. */
export interface Found {
  /** What was found, in one sentence that names the object. */
  what: string
  /** What to do about it. */
  remedy: string
  /** SQL or shell that does it, ready to paste. */
  fix?: string
  /** Who runs `fix`, and where; the role of DATABASE_URL on the source when left out. */
  runBy?: RunBy
}

/**
 * `shell`: the operator, on their machine. `source-owner`: the owner of the object on the source, or a superuser. `target`: the role of
 * RDS_DATABASE_URL. `target-master`: the master user of the target.
 */
export type RunBy = 'shell' | 'source-owner' | 'target' | 'target-master'

export interface Finding extends Found {
  check: string
  level: Level
  /** Methods it stands in the way of; empty for all of them when it is a blocker. */
  methods: readonly MethodId[]
  /** It stands in no method's way, but those in `methods` fare better without it. */
  advisory?: true
  /** Of what is unknown: a run must not begin without the answer. */
  decisive?: true
}

/** The way between this machine and a server, as it was measured. */
export interface Line {
  /** Seconds that the shortest question and its answer take: the median of a few. */
  roundTripSeconds: number
  /** Bytes a second that it carries from the source to here, or from here to the target. */
  bytesPerSecond: number
}

/** How far everything is from the machine on which the command runs. */
export interface Distance {
  source: Fact<Line>
  /** Left out where no target is named. */
  target?: Fact<Line>
  /** Seconds that a request to Heroku's API takes: the median of those that were made anyway. */
  herokuSeconds: number
}

/** How long a copy of rows and indexes is expected to take from this machine. */
export interface Copy {
  /** That go over the line. */
  bytes: number
  /** That the slower of the lines to source and target carries; null where none was measured. */
  bytesPerSecond: number | null
  seconds: number
  /** The same where no line is in the way: what the servers need. */
  nearSeconds: number
}

/** Of the account whose login the CLI uses. */
export interface AccountFacts {
  /** Requests it may make before Heroku refuses them. */
  requestsLeft: Fact<number>
  /** Seconds until its login ends; null where it does not, or Heroku does not tell. */
  loginEnds: Fact<number | null>
}

/** An app that is known to be attached, and what kept it from being looked at. */
export interface UnseenApp {
  app: string
  why: string
}

/** A config var whose value leads to the source; never the value. */
export interface SourceVar {
  name: string
  /** The attachment that sets it; null for a config var of the app's own. */
  attachment: string | null
  /**
   * With whose rights it connects: the owner's, directly or through the pooler, or another credential's. `elsewhere`: a URL with the
   * source's password and another host or database. `unreadable` where it holds host or password in another form than a URL.
   */
  by: 'credential' | 'elsewhere' | 'owner' | 'pooler' | 'unreadable'
}

export interface AppFacts extends HerokuApp {
  formation: Process[]
  preboot: boolean
  attachments: Attachment[]
  addons: {name: string; plan: string}[]
  release: number
  /** Process types that Heroku scales by itself. */
  autoscalers: Fact<Autoscaler[]>
  /** What this account may do with it; null where Heroku does not tell. */
  rights: Fact<string[] | null>
  /** One-off and Scheduler dynos running now. */
  oneOffs: string[]
  /** The config vars that lead to the source. */
  sourceVars: Fact<SourceVar[]>
  /** Addresses the dynos come from; null on the Common Runtime, which has none of its own. */
  network: Fact<{addresses: string[]; peered: boolean} | null>
  /** The pipeline the app is in, and its stage there. */
  pipeline: Fact<{name: string; stage: string} | null>
}

/** Size of one table with its indexes and TOAST; rows as the planner estimates them. */
export interface TableSize {
  name: string
  bytes: number
  indexBytes: number
  rows: number
}

export interface SourceFacts {
  addon: string
  plan: string
  /** e.g. 16.14 */
  version: string
  major: number
  bytes: string
  indexBytes: string
  tables: number
  /** By which rules text is sorted, e.g. `en_US.UTF-8` or `ICU en-US`. */
  collation: string
  /** The ten largest tables, largest first. */
  largest: TableSize[]
  connections: {used: number; limit: number}
  extensions: {name: string; version: string; schema: string}[]
  /** `trial` is what the opt-in trial slot came to: `works`, or the server's refusal. */
  replication: {walLevel: string; role: boolean; slotsLeft: number; trial?: string}
  /** Writes as the statistics counted them over some seconds; left out where they were not watched. */
  activity?: {seconds: number; rowsPerSecond: number; commitsPerSecond: number}
  /** Heroku's own account of the database, empty when the Data API did not tell. */
  info: Fact<DatabaseInfo>
  /** Data maintenance Heroku has planned, as Heroku words it; null when there is none. */
  plannedMaintenance: Fact<string | null>
}

export interface TargetFacts {
  place: string
  version: string
  major: number
  extensions: {name: string; version: string}[]
  /** May triggers and foreign keys be silenced while rows are applied? */
  replicaRole: boolean
  /** Settings of the server that bear on the move, as the server words them; null for one it does not know. */
  settings: Record<string, string | null>
  collation: string
  connections: {used: number; limit: number}
  /** Of every database on the server that this role may measure. */
  bytesUsed: string
  /** Until when the certificate of the server is valid. */
  certificateValidTo: string | null
  /** What AWS says of it; unread where AWS could not be asked. */
  instance: Fact<RdsInstance>
}

export interface Eligibility {
  method: MethodId
  title: string
  possible: boolean
  /** The checks whose findings stand in its way; none when it is possible. */
  because: Finding['check'][]
  window: Window
}

/** The arithmetic of a window, in seconds. */
export interface Window {
  seconds: number
  /** Of these, in which neither database takes writes. */
  pauseSeconds: number
  /** Of these, for the way there and back of requests that follow one another; left out where distances were not measured. */
  distanceSeconds?: number
  terms: Term[]
}

/** What to create at AWS: a starting point, to be watched and changed. */
export interface Destination {
  engine: 'Aurora PostgreSQL' | 'RDS for PostgreSQL'
  because: string[]
  version: string
  /** While the copy is loaded, and afterwards. */
  loadClass: string
  steadyClass: string
  storage: {type: string; gigabytes: number | null; iops: number | null; because: string}
  /** What takes the place of the pooler and the followers, where there are any. */
  replaces: {what: string; by: string}[]
}

/** Everything `rds:assess` knows; its `--json`, described in docs/assessment.md. */
export interface Assessment {
  /** Grows when a field is removed or changes its meaning. */
  schemaVersion: 1
  app: string
  takenAt: string
  /** The longest window the operator allows: what the recommendation was judged by. Left out where any will do. */
  budgetSeconds?: number
  source: SourceFacts
  target?: TargetFacts
  offers?: Fact<EngineOffer[]>
  /** Left out, like the copy, where it was not measured. */
  distance?: Distance
  copy?: Fact<Copy>
  account: AccountFacts
  apps: AppFacts[]
  unseen: UnseenApp[]
  findings: Finding[]
  /** How many questions were asked. */
  checks: number
  eligibility: Eligibility[]
  recommendation?: {method: MethodId; because: string}
  destination: Destination
  /** What no assessment can see, or this one was not asked to. */
  blindSpots: string[]
  /** How to move a database that is too large for this tool: a standby fed with Heroku's WAL. */
  bridge?: string[]
}

/** Of one of METHODS. */
export type MethodId = string

/**
 * What a method can need of the databases: a slot on the source and rows that its log can identify; a target that subscribes to the
 * source; rows that a service can read and write by ordinary statements of its own, as DMS does; a timeline that shows a failover; rows
 * that can be logged whole where nothing identifies them.
 */
export type Need = 'logical-decoding' | 'ordinary-statements' | 'row-log' | 'subscription' | 'timeline'

/** One term of the arithmetic of the window. */
export interface Term {
  /** Of the step it stands for: a rehearsal of that step replaces it. */
  step: string
  what: string
  seconds: number
  /** Taken from an earlier run of the step; left out when assumed. */
  measured?: true
}
