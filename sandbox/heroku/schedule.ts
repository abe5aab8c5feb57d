import type {ScheduleSpec} from './types.js'

/** What a schedule needs of its app. */
export interface ScheduleHost {
  oneOff(spec: {type: string; command: string; ofSlug: true}): unknown
}

/**
 * The job of a Heroku Scheduler add-on: a one-off dyno `scheduler.NNNN` every few seconds, also in maintenance.
 * Heroku has no API to pause it; only the simulator's owner can.
 */
export class Schedule {
  readonly #app: ScheduleHost
  readonly #spec: ScheduleSpec
  #timer: NodeJS.Timeout | undefined

  constructor(app: ScheduleHost, spec: ScheduleSpec) {
    this.#app = app
    this.#spec = spec
    this.resume()
  }

  pause(): void {
    clearInterval(this.#timer)
  }

  resume(): void {
    this.pause()
    this.#timer = setInterval(() => {
      this.#app.oneOff({type: 'scheduler', command: this.#spec.command, ofSlug: true})
    }, this.#spec.everySeconds * 1000)
  }
}
