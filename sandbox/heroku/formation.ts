import {randomUUID} from 'node:crypto'

import type {Dyno, DynoSpec} from './dyno.js'
import {invalid, notFound} from './errors.js'
import type {Host} from './host.js'
import type {Release} from './releases.js'

/** What a formation needs of its app. */
export interface FormationHost extends Host {
  /** Of the dynos of a new process type. */
  readonly size: string
  readonly preboot: boolean
  readonly releases: {readonly current: Release}
  dynoName(type: string, number: number, release: Release): string
  start(spec: DynoSpec): Dyno
}

export interface ProcessType {
  id: string
  type: string
  quantity: number
  size: string
  updatedAt: Date
}

/** A place in the formation (web.1); its dyno is replaced by restarts, releases and crashes. */
interface Slot {
  key: string
  type: string
  number: number
  dyno: Dyno
  crashes: number
  retry?: NodeJS.Timeout
}

const MAX_BACKOFF_DOUBLINGS = 5

/** The dynos that the platform keeps running: as many of each process type as scaled, on the current release. */
export class Formation {
  readonly types = new Map<string, ProcessType>()
  /** With preboot: old web dynos that still serve. They are in no dyno list, as on Heroku. */
  readonly prebooted = new Set<Dyno>()
  readonly #slots = new Map<string, Slot>()
  readonly #app: FormationHost

  constructor(app: FormationHost) {
    this.#app = app
    const {size} = app
    for (const type of Object.keys(app.slug.processTypes)) {
      this.types.set(type, {id: randomUUID(), type, quantity: 0, size, updatedAt: new Date()})
    }
  }

  type(name: string): ProcessType {
    const type = this.types.get(name)
    if (!type) throw notFound(`process type (${name})`)
    return type
  }

  /** What an update such as 2, "2", "+1" or "-1" would make of the quantity. */
  wanted(name: string, change: unknown): number {
    const {quantity} = this.type(name)
    if (change === undefined || change === null) return quantity
    if (typeof change !== 'number' && typeof change !== 'string') throw invalid('Quantity is invalid.')
    const relative = typeof change === 'string' && /^[+-]/.test(change)
    const next = relative ? quantity + Number(change) : Number(change)
    if (!Number.isInteger(next) || next < 0) throw invalid(`Cannot scale ${name} to ${change}.`)
    return next
  }

  scale(name: string, quantity: number, size?: string): void {
    const type = this.type(name)
    const resized = size !== undefined && size !== type.size
    if (!resized && quantity === type.quantity) return
    type.size = size ?? type.size
    type.quantity = quantity
    type.updatedAt = new Date()
    this.#app.record('scale', {type: name, quantity, size: type.size})
    for (const slot of this.#slotsOf(name)) if (slot.number > quantity) this.#close(slot)
    if (name === 'web' && quantity === 0) this.#stopPrebooted([...this.prebooted])
    if (resized) this.restart(({type: restarted}) => restarted === name)
    for (let number = 1; number <= quantity; number++) this.#open(name, number)
    this.#app.changes.announce()
  }

  /** New processes for the chosen dynos; the old ones get SIGTERM at the same time, so both may run for a moment. */
  restart(chosen: (dyno: {name: string; type: string}) => boolean): void {
    for (const slot of [...this.#slots.values()].filter(({dyno}) => chosen(dyno.spec))) {
      slot.crashes = 0
      void this.#replace(slot).stop()
    }
  }

  /** Puts every dyno on the current release. */
  deploy(): void {
    const preboot = this.#app.preboot && (this.types.get('web')?.quantity ?? 0) > 0
    this.restart(({type}) => !(preboot && type === 'web'))
    if (preboot) void this.#preboot()
  }

  list(): Dyno[] {
    return [...this.#slots.values()].map((slot) => slot.dyno)
  }

  /** Web dynos that take requests: the old ones for as long as preboot lets them serve. */
  serving(): Dyno[] {
    const up = (dyno: Dyno) => dyno.state === 'up' && !dyno.stopping
    const old = [...this.prebooted].filter(up)
    return old.length > 0 ? old : this.list().filter((dyno) => dyno.spec.type === 'web' && up(dyno))
  }

  close(): void {
    for (const slot of this.#slots.values()) clearTimeout(slot.retry)
    this.#slots.clear()
  }

  async #preboot(): Promise<void> {
    const slots = this.#slotsOf('web')
    for (const slot of slots) if (slot.dyno.state === 'up') this.prebooted.add(slot.dyno)
    const old = [...this.prebooted]
    for (const slot of slots) {
      const replaced = this.#replace(slot)
      if (!this.prebooted.has(replaced)) void replaced.stop()
    }
    const web = () => this.#slotsOf('web')
    const {bootSeconds, prebootSeconds} = this.#app.settings
    await this.#app.changes.until(() => web().every((slot) => slot.dyno.state === 'up'), bootSeconds * 1000)
    await this.#app.pause(prebootSeconds)
    this.#stopPrebooted(old)
  }

  #stopPrebooted(dynos: Dyno[]): void {
    for (const dyno of dynos) {
      this.prebooted.delete(dyno)
      void dyno.stop()
    }
    this.#app.changes.announce()
  }

  #slotsOf(type: string): Slot[] {
    return [...this.#slots.values()].filter((slot) => slot.type === type)
  }

  #open(type: string, number: number): void {
    const key = `${type}.${number}`
    if (this.#slots.has(key)) return
    const slot: Slot = {key, type, number, crashes: 0, dyno: this.#boot(type, number)}
    this.#slots.set(key, slot)
    this.#watch(slot)
  }

  #close(slot: Slot): void {
    clearTimeout(slot.retry)
    this.#slots.delete(slot.key)
    void slot.dyno.stop()
  }

  #replace(slot: Slot): Dyno {
    const old = slot.dyno
    clearTimeout(slot.retry)
    slot.dyno = this.#boot(slot.type, slot.number)
    this.#watch(slot)
    return old
  }

  #boot(type: string, number: number): Dyno {
    const {size} = this.type(type)
    const command = this.#app.slug.processTypes[type]!
    const release = this.#app.releases.current
    const name = this.#app.dynoName(type, number, release)
    return this.#app.start({name, type, command, size, release, ofSlug: true, web: type === 'web'})
  }

  #watch(slot: Slot): void {
    const {dyno} = slot
    void dyno.ended.then((status) => {
      if (this.#slots.get(slot.key) !== slot || slot.dyno !== dyno || this.#app.closing) return
      if (!dyno.stopping) {
        dyno.state = 'crashed'
        this.#app.record('dyno-crashed', {dyno: dyno.spec.name, type: slot.type, status})
        this.#app.changes.announce()
      }
      const pause = this.#app.settings.crashBackoffSeconds * 2 ** Math.min(slot.crashes++, MAX_BACKOFF_DOUBLINGS)
      slot.retry = setTimeout(() => this.#replace(slot), pause * 1000)
    })
  }
}
