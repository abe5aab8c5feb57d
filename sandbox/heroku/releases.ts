import {randomUUID} from 'node:crypto'

import type {Attachment} from './addons.js'
import {notFound} from './errors.js'
import type {Host} from './host.js'

/** The dyno of a release phase, as its release knows it. */
export interface PhaseDyno {
  readonly spec: {readonly name: string}
  /** The exit status, once it has ended. */
  readonly ended: Promise<number>
}

export interface Release {
  id: string
  version: number
  description: string
  status: 'pending' | 'succeeded' | 'failed'
  /** All config vars of the app at the time of the release: what its dynos boot with. */
  config: Readonly<Record<string, string>>
  addonPlans: string[]
  createdAt: Date
  updatedAt: Date
  /** Who made it. */
  user: {id: string; email: string}
  /** The dyno that runs the release phase. */
  phase?: PhaseDyno
}

/** What releases need of their app. */
export interface ReleasesHost extends Host {
  readonly configVars: Record<string, string>
  readonly attachments: readonly Attachment[]
  readonly formation: {deploy(): void}
  oneOff(spec: {type: string; command: string; release: Release; ofSlug: true}): PhaseDyno
}

/** The app's releases. One after the other becomes current, or fails in its release phase and never does. */
export class Releases {
  readonly all: Release[] = []
  readonly #app: ReleasesHost
  #queue: Promise<void> = Promise.resolve()

  constructor(app: ReleasesHost) {
    this.#app = app
    this.#add('Initial release').status = 'succeeded'
    this.#add('Enable Logplex').status = 'succeeded'
  }

  /** The newest release that succeeded: what runs. A failed one leaves its config vars stored, but not running. */
  get current(): Release {
    return this.all.findLast((release) => release.status === 'succeeded')!
  }

  get settled(): boolean {
    return this.all.every((release) => release.status !== 'pending')
  }

  find(idOrVersion: string): Release {
    const version = Number(idOrVersion.replace(/^v/, ''))
    const release = this.all.find((candidate) => candidate.id === idOrVersion || candidate.version === version)
    if (!release) throw notFound('release')
    return release
  }

  /** For the slug an app is created with: succeeds at once, as the last of so many releases. */
  deployed(description: string, count = 0): void {
    while (this.all.length < count - 1) this.all.push({...this.#next('Deploy 0a1b2c3d'), status: 'succeeded'})
    this.#add(description).status = 'succeeded'
  }

  /** A release with the config as it is now. The phase is skipped where no user made the change (rotation). */
  create(description: string, {phase = true} = {}): Release {
    const release = this.#add(description)
    this.#queue = this.#queue.then(() => this.#run(release, phase))
    return release
  }

  #add(description: string): Release {
    const release = this.#next(description)
    this.all.push(release)
    this.#app.record('release', {version: release.version, description})
    this.#app.log.write('app', 'api', `Release v${release.version} created by user ${release.user.email}`)
    return release
  }

  #next(description: string): Release {
    const now = new Date()
    const {id, email} = this.#app.platform.user
    return {
      id: randomUUID(),
      version: this.all.length + 1,
      description,
      status: 'pending',
      config: this.#app.configVars,
      addonPlans: [...new Set(this.#app.attachments.map(({addon}) => addon))].map(({plan}) => plan),
      createdAt: now,
      updatedAt: now,
      user: {id, email},
    }
  }

  async #run(release: Release, phase: boolean): Promise<void> {
    await this.#app.pause(this.#app.settings.releaseSeconds)
    const command = this.#app.slug.processTypes['release']
    let status = 0
    if (command && phase && !this.#app.closing) {
      release.phase = this.#app.oneOff({type: 'release', command, release, ofSlug: true})
      status = await release.phase.ended
    }
    if (this.#app.closing) return
    release.status = status === 0 ? 'succeeded' : 'failed'
    release.updatedAt = new Date()
    this.#app.record(`release-${release.status}`, {version: release.version})
    if (release.status === 'succeeded') this.#app.formation.deploy()
    this.#app.changes.announce()
  }
}
