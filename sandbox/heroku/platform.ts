import {Access} from './access.js'
import type {Account} from './accounts.js'
import {Addon} from './addons.js'
import type {AddonApp, Attachment} from './addons.js'
import {App} from './app.js'
import {attach} from './attachments.js'
import {invalid, notFound} from './errors.js'
import {Images} from './images.js'
import {Reaper} from './reaper.js'
import {SpaceNetworks} from './space-networks.js'
import type {AppSpec, OtherAddonSpec, PlatformEvent, PostgresSpec, Settings} from './types.js'

/** The whole state of the simulated platform, and who may see what of it. */
export class Platform {
  readonly settings: Settings
  readonly apps: App[] = []
  readonly addons: Addon[] = []
  readonly attachments: Attachment[] = []
  readonly events: PlatformEvent[] = []
  readonly closing = new AbortController()
  readonly reaper = new Reaper()
  readonly access: Access
  readonly images: Images
  readonly networks = new SpaceNetworks()

  constructor(settings: Settings) {
    this.settings = settings
    this.access = new Access(settings.requestLimit)
    this.images = new Images(settings.stackBin, (folder) => this.reaper.sweep(folder))
  }

  /** Whoever makes the request that is being answered; the operator outside of requests. */
  get user(): Account {
    return this.access.caller
  }

  createApp(spec: AppSpec): App {
    if (this.apps.some(({name}) => name === spec.name)) throw invalid(`Name ${spec.name} is already taken`)
    const app = new App(this, spec)
    this.apps.push(app)
    return app
  }

  createAddon(spec: PostgresSpec | OtherAddonSpec): Addon {
    const app = this.app(spec.app)
    const addon = new Addon(app, spec)
    this.addons.push(addon)
    const {url = '', privatePort} = addon.database ?? {}
    if (app.space !== null && privatePort !== undefined) this.networks.add(app.space, new URL(url).host, privatePort)
    const {as, namespace} = spec
    const name = as ?? (addon.database ? 'DATABASE' : undefined)
    if (as !== null) attach(this, {app: addon.app, addon, name, namespace})
    return addon
  }

  /** Gives a credential another URL: a release on every app that has it attached, without a release phase. */
  rotate(addon: Addon, url: string, credential = 'default'): void {
    const before = new Map(this.attachments.map((attachment) => [attachment, valueOf(attachment)]))
    addon.setCredential(credential, url)
    const changed = this.attachments.filter((attachment) => before.get(attachment) !== valueOf(attachment))
    for (const app of new Set(changed.map((attachment) => attachment.app))) {
      const names = changed.filter((attachment) => attachment.app === app).map(({name}) => name)
      app.record('rotate', {addon: addon.name, names: names.join(' ')})
      app.releases.create(`Update ${names.join(', ')} by ${addon.service}`, {phase: false})
    }
  }

  /** The owner's view: no permission needed. */
  app(name: string): App {
    const app = this.apps.find((candidate) => candidate.name === name || candidate.id === name)
    if (!app) throw notFound('app')
    return app
  }

  addon(idOrName: string): Addon {
    const addon = this.addons.find(({id, name}) => id === idOrName || name === idOrName)
    if (!addon) throw notFound('add on')
    return addon
  }

  /** Takes everything from the operator, or gives it back. */
  setPermission(app: AddonApp, allowed: boolean): void {
    this.access.give(app, this.access.operator, allowed ? undefined : [])
  }

  /** The caller's view: true for an app with which they may do what they ask for. */
  allows(app: AddonApp): boolean {
    return this.access.allows(app)
  }

  /** The caller's view: 403 for an app with which they may not do what they ask for. */
  accessibleApp(idOrName: string): App {
    const app = this.app(idOrName)
    this.access.require(app)
    return app
  }

  accessibleAddon(idOrName: string): Addon {
    const addon = this.addon(idOrName)
    const visible =
      this.allows(addon.app) || this.accessibleAttachments().some((attachment) => attachment.addon === addon)
    if (!visible) this.access.require(addon.app)
    return addon
  }

  accessibleAttachments(): Attachment[] {
    return this.attachments.filter(({app}) => this.allows(app))
  }

  async close(): Promise<void> {
    this.closing.abort()
    await Promise.all(this.apps.map((app) => app.close()))
    await this.reaper.close()
  }
}

function valueOf({addon, name, namespace}: Attachment): string {
  return JSON.stringify(addon.variables(name, namespace))
}
