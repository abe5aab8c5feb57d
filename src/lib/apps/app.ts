import type {Pauses} from '../flow/wait.js'
import type {Attachment, Autoscaler, Clock, Database, HerokuUnderLock, Operator, Process} from '../ports/ports.js'
import type {Secret} from '../ports/secret.js'
import type {SourceAddress} from './source-vars.js'

/** Between two looks at Heroku: requests are counted, and a long release phase needs no close watch. */
export const HEROKU_PAUSES: Pauses = {firstMs: 250, longestMs: 5000}

/** What changing an app takes. */
export interface AppWorld {
  readonly heroku: HerokuUnderLock
  readonly addon: Attachment['addon']
  /** The target as the app will reach it, but for TLS. */
  readonly targetUrl: Secret
  readonly target: Pick<Database, 'place'>
  readonly sourceAddress: SourceAddress
  readonly settings: {caFile: string}
  readonly operator: Operator
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** An app as it was before the window: what rollback restores, bit for bit. */
export interface AppBefore {
  id: string
  name: string
  maintenance: boolean
  preboot: boolean
  privateSpace: boolean
  generation: 'cedar' | 'fir'
  formation: Process[]
  /** Which a manual scale ends. */
  autoscalers: Autoscaler[]
  /** Every attachment of the source on this app. */
  attachments: Pick<Attachment, 'configVars' | 'name' | 'namespace'>[]
  /** Its newest release before the window: what its config vars were. */
  release: number
  /** Config vars that lead to the source and will lead to the target. */
  moving: string[]
  /** Config vars that go on leading to the frozen source, as the operator has said. */
  keeping: string[]
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
