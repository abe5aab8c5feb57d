import type {SourceAddress} from '../apps/source-vars.js'
import type {Guard} from '../postgres/catalog.js'
import type {Claim} from '../fence/claim.js'
import type {Assessment, MethodId} from '../ports/assessment.js'
import type {
  Attachment,
  Clock,
  Database,
  HerokuUnderLock,
  Journal,
  Operator,
  Publisher,
  SchemaDump,
} from '../ports/ports.js'
import type {Secret} from '../ports/secret.js'

export interface Settings {
  /** Where dynos find the certificate authority of the target. */
  caFile: string
  /** Config vars that stay on the frozen source. */
  keep: readonly string[]
  gate: 'ask' | 'auto'
  /** Go on where no dyno could try the target. */
  acceptUntriedTarget?: boolean
  /** The longest window, in seconds. */
  budgetSeconds?: number | undefined
  /** SQL to try on the target before the gate; rolled back afterwards. */
  smokeSql?: string | undefined
  /** Shell command to try in a one-off dyno before the gate. */
  smokeCommand?: string | undefined
}

/** What steps can ask of the method; the rest of it is for the playbook. */
export interface ChosenMethod {
  readonly id: MethodId
  readonly title: string
  /** Present where the copy is kept when a window is undone. */
  readonly follow?: unknown
}

/** One move of one source to one target, with everything its steps may use. */
export interface Migration {
  readonly app: string
  readonly addon: Attachment['addon']
  readonly method: ChosenMethod
  readonly source: Database
  readonly target: Database
  readonly schemaDump: SchemaDump
  readonly publisher: Publisher
  /** The target as the app will reach it: credentials, host, port, database and parameters, but for those of TLS. */
  readonly targetUrl: Secret
  /** By which a config var that leads to the source is known. */
  readonly sourceAddress: SourceAddress
  readonly heroku: HerokuUnderLock
  /** Everything that bears on the move, read again. */
  assess(): Promise<Assessment>
  readonly journal: Journal
  /** Goes before every change of a fence: it fails once another operator has taken over. */
  readonly guard: {readonly source: Guard; readonly target: Guard}
  readonly claim: Claim
  readonly operator: Operator
  readonly clock: Clock
  readonly settings: Settings
  /** Aborted by Ctrl-C and by an exceeded budget; ends every wait. */
  readonly signal: AbortSignal
}

/** A migration, or a part of it, as capture, sync and verification see it: they copy `from` one database `to` the other. */
export type Forward<M> = Omit<M, 'guard' | 'source' | 'target'> & {
  readonly from: Database
  readonly to: Database
  readonly guard: {readonly from: Guard; readonly to: Guard}
}

/** From the source to the target. */
export const forward = <M extends Pick<Migration, 'guard' | 'source' | 'target'>>({
  source,
  target,
  guard,
  ...rest
}: M): Forward<M> => ({...rest, from: source, to: target, guard: {from: guard.source, to: guard.target}})
