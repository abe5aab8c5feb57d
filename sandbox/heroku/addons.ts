import {randomInt, randomUUID} from 'node:crypto'

import {invalid, notFound} from './errors.js'
import type {DatabaseSpec, EventKind, OtherAddonSpec, PlatformEvent, PostgresSpec} from './types.js'

/** An app as add-ons know it: it pays for them, has them attached, and gets a release when that changes. */
export interface AddonApp {
  readonly id: string
  readonly name: string
  readonly region: string
  readonly ownVars: ReadonlyMap<string, string>
  readonly attachments: readonly Attachment[]
  readonly releases: {create(description: string, options?: {phase?: boolean}): unknown}
  record(kind: EventKind, detail?: PlatformEvent['detail']): void
}

export interface Attachment {
  id: string
  name: string
  namespace: string | null
  app: AddonApp
  addon: Addon
  createdAt: Date
}

export interface DataMaintenance {
  status: 'none' | 'pending' | 'preparing' | 'ready' | 'running' | 'completed'
  reason: string
  scheduledFor: Date | null
  requiredBy: Date | null
  window: string | null
}

const NO_MAINTENANCE: DataMaintenance = {
  status: 'none',
  reason: '',
  scheduledFor: null,
  requiredBy: null,
  window: 'Tuesdays 22:00 to Wednesdays 02:00 UTC',
}

const POOLING = 'connection-pooling:default'
const CREDENTIAL = 'credential:'

/** An add-on, billed to one app and attached to any number of apps. */
export class Addon {
  readonly id = randomUUID()
  readonly name: string
  readonly plan: string
  /** The billing app. */
  readonly app: AddonApp
  readonly createdAt = new Date()
  readonly database: DatabaseSpec | undefined
  /** URLs by credential name; `default` is the owner's. */
  readonly credentials = new Map<string, string>()
  poolUrl: string | undefined
  maintenance: DataMaintenance = NO_MAINTENANCE
  /** Why pg:wait would wait, such as `upgrading`; undefined when available. */
  waitingFor: string | undefined
  readonly #config: Record<string, string>

  constructor(app: AddonApp, spec: PostgresSpec | OtherAddonSpec) {
    this.app = app
    this.plan = spec.plan
    this.#config = 'config' in spec ? (spec.config ?? {}) : {}
    this.database = 'database' in spec ? spec.database : undefined
    const prefix = this.database ? 'postgresql' : this.service.replace(/^heroku-/, '')
    this.name = spec.name ?? `${prefix}-sandbox-${randomInt(10_000, 100_000)}`
    if (!('database' in spec)) return
    this.credentials.set('default', spec.database.url)
    for (const [name, url] of Object.entries(spec.credentials ?? {})) this.credentials.set(name, url)
    this.poolUrl = spec.database.poolUrl
  }

  get service(): string {
    return this.plan.split(':')[0]!
  }

  /** The config vars that an attachment of this name and namespace has. */
  variables(attachment: string, namespace: string | null): Record<string, string> {
    if (this.database) return {[`${attachment}_URL`]: this.url(namespace)}
    return Object.fromEntries(Object.entries(this.#config).map(([suffix, value]) => [`${attachment}_${suffix}`, value]))
  }

  /** The URL of a namespace: null the default credential, `credential:NAME`, or the connection pool. */
  url(namespace: string | null): string {
    const credential = namespace?.startsWith(CREDENTIAL) ? namespace.slice(CREDENTIAL.length) : 'default'
    const url = namespace === POOLING ? this.poolUrl : this.credentials.get(credential)
    if (url === undefined) throw notFound('credential')
    return url
  }

  requireNamespace(namespace: string | null): void {
    const known = namespace === null || namespace === POOLING || namespace.startsWith(CREDENTIAL)
    if (!known || (!this.database && namespace !== null)) throw invalid(`Invalid namespace ${namespace}.`)
    if (this.database) this.url(namespace)
  }

  setCredential(name: string, url: string): void {
    if (!this.credentials.has(name)) throw notFound('credential')
    this.credentials.set(name, url)
    if (name !== 'default' || !this.poolUrl) return
    const pool = new URL(this.poolUrl)
    const {username, password} = new URL(url)
    Object.assign(pool, {username, password})
    this.poolUrl = pool.href
  }
}
