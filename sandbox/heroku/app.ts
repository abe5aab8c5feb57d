import {randomInt, randomUUID} from 'node:crypto'
import {setTimeout as delay} from 'node:timers/promises'

import type {Attachment} from './addons.js'
import {Autoscaling} from './autoscaling.js'
import {Changes} from './changes.js'
import {Dyno} from './dyno.js'
import type {DynoSpec} from './dyno.js'
import {firstSize, oneOffSize, sizeFor, tierOf} from './dyno-sizes.js'
import type {Tier} from './dyno-sizes.js'
import {invalid, notFound} from './errors.js'
import {Formation} from './formation.js'
import type {AppPlatform} from './host.js'
import {imageOf} from './images.js'
import {AppLog} from './logs.js'
import {Releases} from './releases.js'
import type {Release} from './releases.js'
import {Schedule} from './schedule.js'
import type {AppSpec, EventKind, Image, LogAccess, PlatformEvent, Settings, Slug} from './types.js'

export interface OneOffSpec {
  type: string
  command: string
  env?: Record<string, string>
  size?: string
  release?: Release
  timeToLiveSeconds?: number
  /** A release phase or a scheduled job. */
  ofSlug?: boolean
}

/** An app: its slug, config, releases and dynos. Reading it shows the live state. */
export class App {
  readonly id = randomUUID()
  readonly name: string
  readonly slug: Slug
  readonly stack: string
  readonly buildStack: string
  readonly image: Image
  readonly logs: LogAccess
  readonly region: string
  readonly space: string | null
  readonly language: string
  readonly pipeline: {name: string; stage: string} | undefined
  readonly generation: 'cedar' | 'fir'
  readonly size: string
  readonly owner: string
  readonly team: string | null
  locked: boolean
  readonly createdAt = new Date()
  readonly platform: AppPlatform
  readonly ownVars = new Map<string, string>()
  readonly log = new AppLog()
  readonly changes = new Changes()
  readonly oneOffs = new Set<Dyno>()
  /** Every dyno that still has a process, listed or not: also those that are stopping or served by preboot. */
  readonly running = new Set<Dyno>()
  readonly releases: Releases
  readonly formation: Formation
  readonly schedule: Schedule | undefined
  readonly autoscaling: Autoscaling
  preboot: boolean
  #maintenance = false

  constructor(platform: AppPlatform, spec: AppSpec) {
    this.platform = platform
    this.name = spec.name
    this.slug = spec.slug
    this.generation = spec.generation ?? 'cedar'
    this.stack = spec.stack ?? (this.generation === 'fir' ? 'cnb' : 'heroku-24')
    this.buildStack = spec.buildStack ?? this.stack
    this.image = imageOf(this.stack, spec.image ?? {})
    this.logs = spec.logs ?? 'full'
    this.region = spec.region ?? 'us'
    this.space = spec.space ?? null
    this.size = sizeFor(this, spec.dynoSize ?? firstSize(this))
    this.language = spec.language ?? 'Node.js'
    this.pipeline = spec.pipeline
    this.owner = spec.owner ?? platform.user.email
    this.team = spec.team ?? null
    this.locked = spec.locked ?? false
    this.preboot = spec.features?.preboot ?? false
    this.formation = new Formation(this)
    this.releases = new Releases(this)
    for (const [key, value] of Object.entries(spec.configVars ?? {})) this.ownVars.set(key, value)
    this.releases.deployed('Deploy 1a2b3c4d', spec.releases)
    for (const [type, quantity] of Object.entries(spec.formation ?? {})) this.formation.scale(type, quantity)
    this.autoscaling = new Autoscaling(this, spec.autoscaling)
    this.schedule = spec.schedule && new Schedule(this, spec.schedule)
  }

  get settings(): Settings {
    return this.platform.settings
  }

  get closing(): boolean {
    return this.platform.closing.signal.aborted
  }

  get attachments(): Attachment[] {
    return this.platform.attachments.filter((attachment) => attachment.app === this)
  }

  /** The stored config: the app's own vars and those of its attachments. */
  get configVars(): Record<string, string> {
    const attached = this.attachments.map(({addon, name, namespace}) => addon.variables(name, namespace))
    return Object.assign(Object.fromEntries(this.ownVars), ...attached) as Record<string, string>
  }

  /** The dyno list as the API shows it. */
  get dynos(): Dyno[] {
    return [...this.formation.list(), ...this.oneOffs]
  }

  get quantities(): Record<string, number> {
    return Object.fromEntries([...this.formation.types.values()].map(({type, quantity}) => [type, quantity]))
  }

  /** That of its process types: all have the same. */
  get tier(): Tier {
    const [type] = this.formation.types.values()
    return tierOf(type?.size ?? this.size)
  }

  get maintenance(): boolean {
    return this.#maintenance
  }

  setMaintenance(on: boolean): void {
    if (this.generation === 'fir' && !this.settings.firMaintenance)
      throw invalid('Maintenance mode is not available for Fir apps.')
    if (on === this.#maintenance) return
    this.#maintenance = on
    this.record(on ? 'maintenance-on' : 'maintenance-off')
    this.changes.announce()
  }

  start(spec: DynoSpec): Dyno {
    const dyno = new Dyno(this, spec)
    this.running.add(dyno)
    void dyno.ended.then(() => {
      this.running.delete(dyno)
      this.oneOffs.delete(dyno)
      this.changes.announce()
    })
    return dyno
  }

  oneOff({size = oneOffSize(this.tier), release = this.releases.current, ofSlug = false, ...spec}: OneOffSpec): Dyno {
    const dyno = this.start({...spec, name: this.#oneOffName(spec.type, release), size, release, ofSlug, web: false})
    this.oneOffs.add(dyno)
    return dyno
  }

  dyno(idOrName: string): Dyno {
    const dyno = this.dynos.find(({id, spec}) => id === idOrName || spec.name === idOrName)
    if (!dyno) throw notFound('dyno')
    return dyno
  }

  /** `web.1`; on Fir `web-77c5df8b9-x2k4q`: a part for the release, and one of each dyno's own. */
  dynoName(type: string, number: number, release: Release): string {
    if (this.generation === 'cedar') return `${type}.${number}`
    const own = randomInt(36 ** 4, 36 ** 5).toString(36)
    return `${type}-${release.id.replaceAll('-', '').slice(0, 10)}-${own}`
  }

  /** True when no release is pending and every dyno of the formation is up on the current one. */
  get settled(): boolean {
    const version = this.releases.current.version
    const ready = this.formation.list().every((dyno) => dyno.state === 'up' && dyno.spec.release.version === version)
    return ready && this.releases.settled && [...this.running].every((dyno) => !dyno.stopping)
  }

  /** Waits until the app is settled; throws with its log when it is not in time. */
  async settle(timeoutMs = 30_000): Promise<void> {
    if (await this.changes.until(() => this.settled, timeoutMs)) return
    throw new Error(`${this.name} did not settle within ${timeoutMs} ms:\n${this.log}`)
  }

  record(kind: EventKind, detail: PlatformEvent['detail'] = {}): void {
    this.platform.events.push({at: Date.now(), app: this.name, kind, detail})
  }

  /** Waits, or returns at once when the simulator stops. */
  async pause(seconds: number): Promise<void> {
    await delay(seconds * 1000, undefined, {signal: this.platform.closing.signal}).catch(() => {})
  }

  async close(): Promise<void> {
    this.schedule?.pause()
    this.formation.close()
    this.changes.close()
    await Promise.all([...this.running].map((dyno) => dyno.stop(1)))
  }

  #oneOffName(type: string, release: Release): string {
    for (;;) {
      const name = this.dynoName(type, randomInt(1000, 10_000), release)
      if (!this.dynos.some(({spec}) => spec.name === name)) return name
    }
  }
}
