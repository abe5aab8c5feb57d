import type {Secret} from './secret.js'

/* The things that the ports speak of. */

export interface HerokuApp {
  id: string
  name: string
  maintenance: boolean
  /** In a Private Space the maintenance page is served next to the web dynos, so web is never scaled to 0. */
  space: string | null
  stack: string
  /** Where it runs, e.g. `us`, `eu`, or the region of its Private Space. */
  region: string
  /** As the buildpack names it, e.g. `Ruby`; null before the first build. */
  language: string | null
  generation: 'cedar' | 'fir'
}

export interface Process {
  type: string
  quantity: number
  size: string
}

export interface Dyno {
  id: string
  name: string
  type: string
  state: string
  release: number
}

/** Heroku's own scaling of a process type by its response times. A manual scale ends it. */
export interface Autoscaler {
  type: string
  /** How many dynos, at least and at most. */
  min: number
  max: number
  /** All of it, as the metrics API shows it and takes it. */
  monitor: {id: string} & Record<string, unknown>
}

/** `namespace` is null for the default credential, else `credential:…` or `connection-pooling:…`. */
export interface Attachment {
  id: string
  name: string
  namespace: string | null
  app: string
  addon: {id: string; name: string; plan: string; billingApp: string}
  configVars: string[]
}

/** The machine of a Private Space through which a database is reached by SSH from outside. */
export interface Bastion {
  host: string
  /** Whoever has it reaches the database's port. */
  privateKey: Secret
}

/** What Heroku says of a database, from the Data API: name → values, as `heroku pg:info` shows them. */
export type DatabaseInfo = Record<string, string[]>

/** What AWS says of the target. */
export interface RdsInstance {
  id: string
  /** The DB cluster that it is or belongs to, Aurora or Multi-AZ, on which backups and protection are set; null for an instance alone. */
  clusterId: string | null
  engine: string
  engineVersion: string
  instanceClass: string
  status: string
  endpoint?: {host: string; port: number}
  /** Endpoint that stays with the writer of the cluster; left out for an instance alone. */
  writer?: {host: string; port: number}
  aurora: boolean
  allocatedGiB: number
  /** Up to which storage grows by itself; null where it does not. */
  maxAllocatedGiB: number | null
  encrypted: boolean
  deletionProtection: boolean
  /** Parameters that wait for a reboot to take effect. */
  pendingReboot: boolean
  multiAz: boolean
  publiclyAccessible: boolean
  backupRetentionDays: number
}

/** What AWS offers of one engine in the region. */
export interface EngineOffer {
  engine: 'aurora-postgresql' | 'postgres'
  /** Newest version of each major that can be created, newest first; without those in paid Extended Support. */
  versions: string[]
  /** Classes that can be had with the last of them: the major that was asked for, or the next one. */
  classes: string[]
  /** Extensions of that version; null where AWS does not list them. */
  extensions: string[] | null
}

/** How many requests had to wait for one another: the longest chain of those that did not overlap. */
export interface Waits {
  /** To source and target, in one chain. */
  databases: number
  heroku: number
  /** To any of them. */
  all: number
}

export interface StepRecord {
  step: string
  startedAt: Date
  finishedAt: Date | null
  undoneAt: Date | null
  /** What the step proved, or why it failed, in one line. */
  evidence: string | null
  operator: string
  /** What it waited for, with its entries in the journal; null until it has ended. */
  waits: Waits | null
}

/** How a step ended. */
export interface Ended {
  step: string
  evidence: string
  waits: Waits
  /** Time since then, in seconds. */
  secondsAgo: number
  /** Facts to be written along with it. */
  notes?: Readonly<Record<string, unknown>>
}

/** What was started and done in the present attempt. */
export interface JournalRecords {
  /** 1 for the first; each rolled back attempt adds one. */
  attempt: number
  /** Oldest first. */
  records: StepRecord[]
}

export interface JournalState extends JournalRecords {
  notes: Record<string, unknown>
}

/** What belongs in the journal, and could not be written there while the target was out of reach. */
export interface Undone {
  attempt: number
  steps: string[]
  /** Keys of notes that are void. */
  forgotten: string[]
}

export interface StepEvent {
  kind: 'started' | 'finished' | 'found done' | 'failed' | 'undoing' | 'undone'
  title: string
  seconds?: number
  /** What the step proved, or why it failed. */
  detail?: string
  /** What it, or its undo, has waited for. */
  waits?: Waits
}

/** What the decision at the gate rests on. */
export interface GateEvidence {
  /** What was proven, by subject, e.g. `Rows`; the most telling first. */
  proofs: readonly {subject: string; proof: string}[]
  /** Since the source refuses writes, and since maintenance is on. */
  writePauseSeconds: number
  windowSeconds: number
  /** What a yes makes irreversible. */
  afterYes: string
}

/** How far a copy has come. Bytes are those that rows and TOAST take up on the source. */
export interface CopyProgress {
  seconds: number
  bytes: number
  totalBytes: number
  tables: number
  totalTables: number
  indexes: number
  totalIndexes: number
  /** Over the wire, since the last time. */
  bytesPerSecond: number
  /** Until all rows are copied and all indexes built; left out while there is nothing to judge by. */
  secondsLeft?: number
  /** What is under way. */
  running: {what: string; table: string; bytes: number; sent: number}[]
}

/** What the last sync of a following copy did. */
export interface FollowState {
  /** The number of the sync, and the source's clock at its snapshot. */
  syncNumber: string
  at: string
  /** The target was equal to that snapshot when it ended. */
  equal: boolean
  /** Changes taken from the source, and rows brought to the target. */
  entries: number
  rows: number
  /** Tables that the changes belong to, where the method knows them. */
  tables?: number
  /** Bytes that went from one side to the other, where they went through this process. */
  bytes?: number
  seconds: number
  waits?: Waits
  /** What keeps it from being up to date, in words. */
  waiting?: string
}

/** How far a copy that follows is behind; each method adds the figures that it has. */
export interface Lag {
  /** `1.2 s, 340 changes of 3 tables wait`. */
  words: string
  /** What keeps it from being up to date, in words. */
  waiting?: string
}

/** How far a comparison has come; bytes as on the source. */
export interface VerifyProgress {
  tables: number
  totalTables: number
  bytes: number
  totalBytes: number
}
