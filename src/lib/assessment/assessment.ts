import type {MethodId, Term} from '../methods/method.js'
import type {Attachment, DatabaseInfo, HerokuApp, Process, RdsInstance} from '../ports.js'

export type Level = 'blocker' | 'ok' | 'unknown' | 'warning'

export interface Finding {
  check: string
  level: Level
  /** What was found, in one sentence that names the object. */
  what: string
  /** What to do about it. */
  remedy: string
  /** Methods it stands in the way of; empty for all of them when it is a blocker. */
  methods: readonly MethodId[]
}

export interface AppFacts extends HerokuApp {
  formation: Process[]
  preboot: boolean
  attachments: Attachment[]
  addons: {name: string; plan: string}[]
  release: number
  /** One-off and Scheduler dynos running now. */
  oneOffs: string[]
}

export interface SourceFacts {
  addon: string
  plan: string
  /** e.g. 16.14 */
  version: string
  major: number
  bytes: string
  tables: number
  connections: {used: number; limit: number}
  extensions: {name: string; version: string; schema: string}[]
  replication: {walLevel: string; role: boolean; slotsLeft: number}
  /** Heroku's own account of the database, empty when the Data API did not tell. */
  info: DatabaseInfo
  plannedMaintenance?: string
}

export interface TargetFacts {
  place: string
  version: string
  major: number
  extensions: {name: string; version: string}[]
  /** May triggers and foreign keys be silenced while rows are applied? */
  replicaRole: boolean
  instance?: RdsInstance
}

export interface Eligibility {
  method: MethodId
  title: string
  possible: boolean
  /** Why not; or, when possible, nothing. */
  because: string[]
  window: {seconds: number; terms: Term[]}
}

/** Everything `rds:assess` knows; its `--json`. */
export interface Assessment {
  app: string
  takenAt: string
  source: SourceFacts
  target?: TargetFacts
  apps: AppFacts[]
  findings: Finding[]
  eligibility: Eligibility[]
  recommendation?: {method: MethodId; because: string}
}
