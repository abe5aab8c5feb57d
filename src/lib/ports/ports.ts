import type {Readable, Writable} from 'node:stream'

import type {
  CopyProgress,
  Ended,
  EngineOffer,
  FollowState,
  GateEvidence,
  JournalRecords,
  JournalState,
  RdsInstance,
  StepEvent,
  StepRecord,
  VerifyProgress,
} from './records.js'
import type {Secret} from './secret.js'

export type * from './heroku.js'
export type * from './records.js'

/*
 * Everything the tool can do to the world. The words:
 *
 * - source: the Heroku Postgres database; target: the RDS or Aurora database; app: a Heroku app attached to the source
 * - migration: one move of one source to one target; runbook: its steps in order; journal: what was started and done
 * - window: maintenance on to maintenance off; write pause: source refuses writes to target accepts them
 * - fence: triggers that refuse every write; freeze: raise it on the source, provably; thaw: its undo
 * - from, to: the two ends of a capture, sync or verification; forward, from the source to the target
 * - captured table: one with a log of what was touched in it; pass: opens a raised fence for one transaction of the tool
 * - gate: the decision to leave maintenance, the last cheap exit; hold: the days in which the source stays frozen
 */

/** Rows come as the server's text where JavaScript would round: bigint and numeric are strings. */
export interface Queryable {
  query<Row = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>
  /** The first row; fails where there is none. */
  queryOne<Row = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row>
}

/** The rows of each statement that has ended, in their order. */
export interface Counted {
  readonly counts: readonly number[]
}

/** One connection, for transactions and session settings. */
export interface Session extends Queryable {
  /** Statements in one message, `copy … to stdout` among them. Gives the pieces of each COPY, and then END_OF_COPY. */
  copyOut(sql: string): Readable & Counted
  /** The same, `copy … from stdin` among them; takes what the other gives. */
  copyIn(sql: string): Writable & Counted
}

export interface Transaction extends Session {
  /** SQL that goes in one message with the commit. */
  lastly(sql: string): void
}

export interface SessionOptions {
  /** Told when the connection ends while the work goes on. */
  lost?: () => void
  /** For foreign SQL: settings and temporary tables that it leaves behind are discarded. */
  discard?: true
}

export interface TransactionOptions extends SessionOptions {
  mode?: string
  /** The schemas in which it finds names, as SQL; pg_catalog alone where it is left out. */
  path?: string
  /** SQL that goes in one message with the first statement, and ahead of it. */
  first?: string
  /** Ends with a rollback. */
  rollBack?: true
}

export interface Database extends Queryable {
  readonly side: 'source' | 'target'
  /** `host:port/database`, fit to print. */
  readonly place: string
  session<T>(work: (session: Session) => Promise<T>, options?: SessionOptions): Promise<T>
  /** Begins with its first statement, and ends with a commit. */
  transaction<T>(work: (session: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** Settings, by name, that each connection has from its next use on; they stand in no statement that others could read. */
  carry(settings: Readonly<Record<string, string>>): void
  /** Backends that belong to this process: the only sessions a freeze leaves alone. */
  ownPids(): number[]
  /** Of the server, as it was shown to a session of ours; undefined without TLS. */
  certificate(): Promise<{validTo: Date} | undefined>
  /** What other sessions of this database tell a channel by `pg_notify` while the work goes on, in their order. */
  listening<T>(channel: string, work: (heard: () => readonly string[]) => Promise<T>): Promise<T>
  /** Cancels the statements that our sessions are running. */
  interrupt(): Promise<void>
}

/** A slot, with the moment of the source at which it begins, readable while it is held. */
export interface ExportedSlot {
  /** Position in the log of the source. */
  start: string
  /** For `set transaction snapshot`. */
  snapshot: string
  isHeld: () => boolean
  release: () => Promise<void>
}

/** The source, for a server that replicates from it. */
export interface Publisher {
  /** How libpq connects to the source, with the credential of the day. */
  connection(): Promise<Secret>
  /** Waits until every transaction that is open on the source has ended. */
  createSlot(name: string, signal: AbortSignal): Promise<ExportedSlot>
}

/** The schema of the source as plain SQL, from pg_dump; `objects` before the rows, `constraints` after them. */
export interface SchemaDump {
  /** Which pg_dump this is, e.g. `pg_dump 18.3 (WebAssembly)`. */
  readonly tool: string
  section(section: 'objects' | 'constraints'): Promise<string>
}

export interface Rds {
  describe(id: string): Promise<RdsInstance>
  /** The instance or cluster that answers at an endpoint; undefined when the account has none there in this region. */
  find(endpoint: {host: string; port: number}): Promise<RdsInstance | undefined>
  /** What can be created for a database of this major. */
  offers(major: number): Promise<EngineOffer[]>
}

/**
 * Kept on the target. An attempt ends when all that it started has been undone; the next one starts with a clean sheet. An entry about a step
 * gives all records as they are then; `before` is how the step before it ended, written in the same transaction.
 */
export interface Journal {
  /** Everything at once; of the notes those that are named, where some are. */
  read(keys?: readonly string[]): Promise<JournalState>
  /** Fails when another operator has taken over; every write of the journal does too. */
  assertHeld(): Promise<void>
  started(step: string, before?: Ended): Promise<JournalRecords>
  finished(ended: Ended): Promise<JournalRecords>
  /** Like `finished`, for a step whose effect was already there; keeps what an earlier run wrote. */
  foundDone(step: string, before?: Ended): Promise<JournalRecords>
  failed(step: string, reason: string): Promise<JournalRecords>
  undone(steps: readonly string[]): Promise<JournalRecords>
  /** Of this attempt, oldest first. */
  records(): Promise<StepRecord[]>
  /** Seconds that each step took when it was last performed, in any attempt; by step. */
  measured(): Promise<Record<string, number>>
  /** Facts that later steps and the way back need, as JSON; never a credential of the app. */
  note<T>(key: string): Promise<T | undefined>
  setNote(key: string, value: unknown): Promise<void>
  /** The same, written no later than the end of the step: for what a step that died finds again. */
  setNoteAtEnd(key: string, value: unknown): Promise<void>
  forget(keys: readonly string[]): Promise<void>
}

export interface Clock {
  now(): Date
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

/** The person at the keyboard. */
export interface Operator {
  /** Tells what happens now; never part of the result. */
  tell(line: string): void
  step(event: StepEvent): void
  /** Once a second while rows are copied and indexes built. */
  copying(progress: CopyProgress): void
  /** After every sync of a copy that follows. */
  following(state: FollowState): void
  /** Once a second while rows are compared. */
  verifying(progress: VerifyProgress): void
  /** Shows the evidence and asks to go live; rejects when the signal aborts. */
  decideGate(evidence: GateEvidence, signal: AbortSignal): Promise<boolean>
}
