/* The things that the ports speak of. */

export interface HerokuApp {
  id: string
  name: string
  maintenance: boolean
  /** In a Private Space the maintenance page is served next to the web dynos, so web is never scaled to 0. */
  space: string | null
  stack: string
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

/** `namespace` is null for the default credential, else `credential:…` or `connection-pooling:…`. */
export interface Attachment {
  id: string
  name: string
  namespace: string | null
  app: string
  addon: {id: string; name: string; plan: string; billingApp: string}
  configVars: string[]
}

/** What Heroku says of a database, from the Data API: name → values, as `heroku pg:info` shows them. */
export type DatabaseInfo = Record<string, string[]>

/** What AWS says of the target. */
export interface RdsInstance {
  id: string
  engine: string
  engineVersion: string
  instanceClass: string
  status: string
  endpoint?: {host: string; port: number}
  allocatedGiB: number
  multiAz: boolean
  publiclyAccessible: boolean
  backupRetentionDays: number
}

export interface StepRecord {
  step: string
  startedAt: Date
  finishedAt: Date | null
  undoneAt: Date | null
  /** What the step proved, or why it failed, in one line. */
  evidence: string | null
  operator: string
}

export interface StepEvent {
  kind: 'started' | 'finished' | 'found done' | 'failed' | 'undoing' | 'undone'
  title: string
  seconds?: number
  /** What the step proved, or why it failed. */
  detail?: string
}
