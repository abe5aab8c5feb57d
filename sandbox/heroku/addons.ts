import {randomInt, randomUUID} from 'node:crypto'

import {invalid, notFound} from './errors.js'
import {advancedNamespace, classicNamespace} from './namespaces.js'
import {levelOf} from './plans.js'
import type {Level} from './plans.js'
import type {Bastion, DatabaseSpec, EventKind, OtherAddonSpec, PlatformEvent, PostgresSpec} from './types.js'

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

/** Advanced calls the default credential so. */
export const OWNER = 'owner'
export const LEADER = 'leader'

/** A bastion that leads nowhere, and no key. */
const BASTION: Bastion = {
  host: 'bastion.invalid',
  privateKey: '-----BEGIN RSA PRIVATE KEY-----\nnone\n-----END RSA PRIVATE KEY-----\n',
}

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
  /** Advanced: URLs of the owner by the name of a pool, the leader's first. */
  readonly pools = new Map<string, string>()
  readonly bastion: Bastion | undefined
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
    const further = Object.entries(spec.credentials ?? {})
    if (this.level === 'essential' && further.length > 0) throw new Error('Essential has no further credentials')
    this.credentials.set('default', spec.database.url)
    for (const [name, url] of further) this.credentials.set(name, url)
    if (this.advanced) this.pools.set(LEADER, spec.database.url)
    for (const [name, url] of Object.entries(spec.pools ?? {})) this.pools.set(name, url)
    this.poolUrl = spec.database.poolUrl
    this.bastion = spec.bastion ?? (this.level === 'private' ? BASTION : undefined)
  }

  get service(): string {
    return this.plan.split(':')[0]!
  }

  get level(): Level {
    return levelOf(this.plan)
  }

  /** Has no path of the classic Data API, and the other way round. */
  get advanced(): boolean {
    return this.level === 'advanced'
  }

  /** The config vars that an attachment of this name and namespace has; in a Shield space also those of its bastion. */
  variables(attachment: string, namespace: string | null): Record<string, string> {
    const vars = this.database ? {URL: this.url(namespace), ...this.#bastionVars()} : this.#config
    return Object.fromEntries(Object.entries(vars).map(([suffix, value]) => [`${attachment}_${suffix}`, value]))
  }

  /** The URL that an attachment of this namespace has. @throws ApiError 404 or 422 */
  url(namespace: string | null): string {
    return this.advanced ? this.#advancedUrl(namespace) : this.#classicUrl(namespace)
  }

  requireNamespace(namespace: string | null): void {
    if (!this.database && namespace !== null) throw invalid(`Invalid namespace ${namespace}.`)
    if (this.database) this.url(namespace)
  }

  hasNamespace(namespace: string): boolean {
    try {
      this.requireNamespace(namespace)
      return true
    } catch {
      return false
    }
  }

  setCredential(name: string, url: string): void {
    if (!this.credentials.has(name)) throw notFound('credential')
    this.credentials.set(name, url)
    if (name === 'default' && this.poolUrl) this.poolUrl = asUser(this.poolUrl, url)
  }

  #classicUrl(namespace: string | null): string {
    if (this.level === 'essential' && namespace !== null) throw invalid(`Invalid namespace ${namespace}.`)
    const {credential, pooled} = classicNamespace(namespace)
    const url = pooled ? this.poolUrl : this.credentials.get(credential)
    if (url === undefined) throw notFound('credential')
    return url
  }

  /** The words are those that `data:pg:attachments:create` looks for. What a proxy is, no public source tells. */
  #advancedUrl(namespace: string | null): string {
    const {role = OWNER, pool = LEADER, proxy = 'false'} = advancedNamespace(namespace)
    const credential = this.credentials.get(role === OWNER ? 'default' : role)
    if (credential === undefined) throw invalid('invalid credential provided')
    const server = this.pools.get(pool)
    if (server === undefined) throw invalid('invalid pool provided')
    if (proxy !== 'false') throw invalid('invalid proxy provided')
    return pool === LEADER ? credential : asUser(server, credential)
  }

  #bastionVars(): Record<string, string> {
    if (this.level !== 'shield' || !this.bastion) return {}
    return {BASTIONS: this.bastion.host, BASTION_KEY: this.bastion.privateKey}
  }
}

/** A URL with the user and password of another. */
function asUser(url: string, other: string): string {
  const {username, password} = new URL(other)
  return Object.assign(new URL(url), {username, password}).href
}
