import {randomUUID} from 'node:crypto'

import {notFound} from './errors.js'
import type {AutoscalingSpec, EventKind} from './types.js'

/** A monitor as the metrics API shows it (types of Heroku's SDK, 2026; bodies of `ps:autoscale:enable`). */
export interface Monitor {
  id: string
  name: string
  action_type: string
  is_active: boolean
  op: string
  period: number
  notification_period: number
  notification_channels: string[]
  max_quantity: number
  min_quantity: number
  /** Wanted p95 response time in milliseconds. */
  value: number
}

/** What autoscaling needs of its app. */
export interface AutoscaledApp {
  record(kind: EventKind, detail?: Readonly<Record<string, string | number | boolean | null>>): void
}

const DEFAULTS = {
  name: 'LATENCY_SCALE',
  action_type: 'scale',
  is_active: true,
  op: 'GREATER_OR_EQUAL',
  period: 1,
  notification_period: 1440,
  notification_channels: [],
  max_quantity: 1,
  min_quantity: 1,
  value: 1000,
}

/**
 * The monitors of an app's process types. They are kept and shown, but scale nothing: no load is measured here. A
 * manual scale of the type ends an active one (devcenter, scaling, quoted in heroku/cli#924), which stays in the
 * list, inactive, and can be switched on again.
 */
export class Autoscaling {
  readonly #app: AutoscaledApp
  readonly #monitors = new Map<string, Monitor[]>()

  constructor(app: AutoscaledApp, spec?: AutoscalingSpec) {
    this.#app = app
    if (!spec) return
    const {min, max, p95 = DEFAULTS.value} = spec
    this.create('web', {min_quantity: min, max_quantity: max, value: p95})
  }

  list(type: string): Monitor[] {
    return this.#monitors.get(type) ?? []
  }

  /** The one that scales the type now. */
  active(type: string): Monitor | undefined {
    return this.list(type).find((monitor) => monitor.action_type === 'scale' && monitor.is_active)
  }

  create(type: string, fields: Partial<Monitor>): Monitor {
    const monitor: Monitor = {...DEFAULTS, ...fields, id: randomUUID()}
    this.#monitors.set(type, [...this.list(type), monitor])
    this.#note(type, monitor)
    return monitor
  }

  update(type: string, id: string, fields: Partial<Monitor>): void {
    const monitor = this.list(type).find((one) => one.id === id)
    if (!monitor) throw notFound('monitor')
    Object.assign(monitor, fields, {id})
    this.#note(type, monitor)
  }

  endedByScale(type: string): void {
    const monitor = this.active(type)
    if (monitor) this.update(type, monitor.id, {is_active: false})
  }

  #note(type: string, {is_active: active, min_quantity: min, max_quantity: max}: Monitor): void {
    this.#app.record(active ? 'autoscaling-on' : 'autoscaling-off', {type, min, max})
  }
}
