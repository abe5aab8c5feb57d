import type {AddonApp, Attachment} from './addons.js'
import type {Changes} from './changes.js'
import type {Images} from './images.js'
import type {AppLog} from './logs.js'
import type {Reaper} from './reaper.js'
import type {SpaceNetworks} from './space-networks.js'
import type {EventKind, Image, PlatformEvent, Settings, Slug} from './types.js'

/** What an app needs of the platform it is on, and gives to whoever has only the app. */
export interface AppPlatform {
  readonly settings: Settings
  readonly user: {readonly id: string; readonly email: string}
  /** Those of all apps. */
  readonly attachments: Attachment[]
  readonly events: PlatformEvent[]
  /** Aborted when the simulator stops. */
  readonly closing: {readonly signal: AbortSignal}
  readonly reaper: Reaper
  readonly images: Images
  readonly networks: SpaceNetworks
  setPermission(app: AddonApp, allowed: boolean): void
}

/** What dynos, formation and releases need of the app they are parts of; who needs more says so in its own file. */
export interface Host {
  readonly platform: AppPlatform
  readonly slug: Slug
  readonly image: Image
  readonly settings: Settings
  readonly space: string | null
  readonly log: AppLog
  readonly changes: Changes
  /** True once the simulator stops. */
  readonly closing: boolean
  record(kind: EventKind, detail?: PlatformEvent['detail']): void
  /** Waits, or returns at once when the simulator stops. */
  pause(seconds: number): Promise<void>
}
