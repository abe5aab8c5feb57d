import {spawn} from 'node:child_process'
import type {ChildProcess} from 'node:child_process'
import {randomUUID} from 'node:crypto'
import {constants} from 'node:os'
import {createInterface} from 'node:readline'
import {setTimeout as delay} from 'node:timers/promises'

import type {Host} from './host.js'
import {accepts, releasePort, reservePort} from './ports.js'
import type {Release} from './releases.js'

export interface DynoSpec {
  name: string
  type: string
  command: string
  size: string
  release: Release
  /** A process of the slug or of the platform for it, and no command that someone made up. */
  ofSlug: boolean
  /** Overrides config vars, visible to this dyno only. */
  env?: Record<string, string>
  timeToLiveSeconds?: number
  /** A web dyno gets PORT and is up only when the port accepts connections. */
  web: boolean
}

export type DynoState = 'starting' | 'up' | 'crashed' | 'down'

const PROBE_MS = 20

/** One dyno: a real process group, booted with the config vars of one release and with nothing else. */
export class Dyno {
  readonly id = randomUUID()
  readonly spec: DynoSpec
  readonly createdAt = new Date()
  updatedAt = new Date()
  state: DynoState = 'starting'
  port: number | undefined
  /** Set once someone asked it to stop: its end is then not a crash. */
  stopping = false
  /** The exit status, once no process of the dyno is left and all of its output is in the log. */
  readonly ended: Promise<number>
  readonly #app: Host
  readonly #spawned: Promise<void>
  #child: ChildProcess | undefined
  #killTimer: NodeJS.Timeout | undefined
  #killAt = Infinity

  constructor(app: Host, spec: DynoSpec) {
    this.#app = app
    this.spec = spec
    let spawned = () => {}
    this.#spawned = new Promise((resolve) => (spawned = resolve))
    this.ended = this.#live(spawned)
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** SIGTERM to every process of the dyno, SIGKILL when the grace is over; resolves when all are gone. */
  async stop(graceSeconds = this.#app.settings.graceSeconds): Promise<void> {
    if (!this.stopping && this.state !== 'down' && this.state !== 'crashed') {
      this.stopping = true
      this.#app.record('dyno-stopping', this.#detail())
      this.#log('Stopping all processes with SIGTERM')
      await this.#spawned
      this.#signal('SIGTERM')
    }
    const killAt = Date.now() + graceSeconds * 1000
    if (killAt < this.#killAt) {
      this.#killAt = killAt
      clearTimeout(this.#killTimer)
      this.#killTimer = setTimeout(() => this.#kill(), graceSeconds * 1000)
    }
    await this.ended
    clearTimeout(this.#killTimer)
  }

  async #live(spawned: () => void): Promise<number> {
    const {name, command, web, timeToLiveSeconds} = this.spec
    if (web) this.port = await reservePort()
    if (this.stopping || this.#app.closing) {
      spawned()
      return this.#finish(143)
    }
    this.#log(`Starting process with command \`${command}\``)
    const child = spawn('bash', ['-c', command], {
      cwd: this.#home(),
      env: this.#environment(),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    spawned()
    const exit = this.#watch(child)
    this.#app.record('dyno-starting', this.#detail())
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({input: stream, crlfDelay: Infinity}).on('line', (line) => this.#app.log.write('app', name, line))
    }
    if (web) void this.#awaitPort()
    else this.#enter('up')
    const life = timeToLiveSeconds && setTimeout(() => void this.stop(), timeToLiveSeconds * 1000)
    const status = await exit
    clearTimeout(life)
    return this.#finish(status)
  }

  #watch(child: ChildProcess): Promise<number> {
    const group = child.pid
    if (group !== undefined) this.#app.platform.reaper.watch(group)
    return new Promise((resolve) => {
      child.once('error', (error) => {
        this.#log(error.message)
        resolve(127)
      })
      child.once('exit', () => this.#signal('SIGKILL'))
      child.once('close', (code, signal) => {
        if (group !== undefined) this.#app.platform.reaper.forget(group)
        resolve(code ?? 128 + (signal ? constants.signals[signal] : 0))
      })
    })
  }

  async #awaitPort(): Promise<void> {
    const deadline = Date.now() + this.#app.settings.bootSeconds * 1000
    while (this.state === 'starting' && !this.stopping) {
      if (await accepts(this.port!)) return this.#enter('up')
      if (Date.now() > deadline) {
        this.#log('Error R10 (Boot timeout) -> Web process failed to bind to $PORT within the boot timeout')
        return this.#kill()
      }
      await delay(PROBE_MS)
    }
  }

  #finish(status: number): number {
    if (this.port !== undefined) releasePort(this.port)
    this.#log(`Process exited with status ${status}`)
    this.state = 'down'
    this.updatedAt = new Date()
    this.#app.record('dyno-down', {...this.#detail(), status})
    this.#app.changes.announce()
    return status
  }

  #enter(state: DynoState): void {
    if (this.state !== 'starting' || this.stopping) return
    this.state = state
    this.updatedAt = new Date()
    this.#log(`State changed from starting to ${state}`)
    this.#app.record('dyno-up', this.#detail())
    this.#app.changes.announce()
  }

  #environment(): NodeJS.ProcessEnv {
    const {release, env, name, ofSlug} = this.spec
    const {platform, image, space} = this.#app
    const own = {...release.config, ...env}
    return {
      PATH: platform.images.path(image, ofSlug),
      LANG: 'en_US.UTF-8',
      ...own,
      ...platform.networks.environment(space, own['NODE_OPTIONS']),
      ...(this.port === undefined ? {} : {PORT: String(this.port)}),
      DYNO: name,
      HOME: this.#home(),
    }
  }

  #home(): string {
    const {platform, image, slug} = this.#app
    return platform.images.home(image, slug, this.spec.ofSlug)
  }

  #kill(): void {
    this.#log('Stopping remaining processes with SIGKILL')
    this.#signal('SIGKILL')
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#child?.pid === undefined) return
    try {
      process.kill(-this.#child.pid, signal)
    } catch {
      // No process of the group is left.
    }
  }

  #detail() {
    const {name, type, release} = this.spec
    return {dyno: name, type, release: release.version, pid: this.pid ?? null}
  }

  #log(text: string): void {
    this.#app.log.write('heroku', this.spec.name, text)
  }
}
