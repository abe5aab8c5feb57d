import type {Attachment, Clock, Heroku, Operator, Process} from '../ports/ports.js'
import type {Secret} from '../ports/secret.js'

/** What changing an app takes. */
export interface AppWorld {
  readonly heroku: Heroku
  readonly addon: Attachment['addon']
  /** The target as the app will reach it; no parameters. */
  readonly targetUrl: Secret
  readonly settings: {caFile: string}
  readonly operator: Operator
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** An app as it was before the window: what rollback restores, bit for bit. */
export interface AppBefore {
  name: string
  maintenance: boolean
  preboot: boolean
  privateSpace: boolean
  generation: 'cedar' | 'fir'
  formation: Process[]
  /** Every attachment of the source on this app. */
  attachments: Pick<Attachment, 'configVars' | 'name' | 'namespace'>[]
  /** Names of the attachments whose config var will lead to the target. */
  moving: string[]
  /** The name under which the add-on stays attached where no other attachment remains. */
  keptAs: string
  /** Process types of which a dyno was up before: only those are waited for afterwards. */
  upBefore: string[]
  /** Config vars set beside the URL, with the value each had: null when it was not set. */
  companions: Record<string, {before: string | null; after: string}>
}

declare module '../journal/notes.js' {
  interface Notes {
    apps: AppBefore[]
  }
}
