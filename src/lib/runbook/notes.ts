import type {Shape} from '../capture/shape.js'
import type {TargetBefore} from '../copy/copy-schema.js'
import type {PublishedShape} from '../replication/shape.js'
import type {Attachment, Process} from '../ports.js'
import {failed} from '../errors.js'
import type {Migration} from './migration.js'

/** An app as it was before the window: what rollback restores, bit for bit. */
export interface AppBefore {
  name: string
  maintenance: boolean
  preboot: boolean
  privateSpace: boolean
  generation: 'cedar' | 'fir'
  formation: Process[]
  release: number
  /** Every attachment of the source on this app. */
  attachments: Pick<Attachment, 'configVars' | 'name' | 'namespace'>[]
  /** Names of the attachments whose config var shall lead to the target. */
  moving: string[]
  /** The name under which the add-on stays attached where no other attachment remains. */
  keptAs: string
  /** Process types of which a dyno was up before: only those are waited for afterwards. */
  upBefore: string[]
  /** Config vars set beside the URL, with the value each had: null when it was not set. */
  companions: Record<string, {before: string | null; after: string}>
}

export interface Frozen {
  /** The source's own clock when the fence was raised, as it prints it. */
  at: string
  fingerprint: string
  /** What `default_transaction_read_only` was on the database before; null when it was not set. */
  readOnlyBefore: string | null
}

export interface Captured {
  /** The source's own clock when the last table had its triggers, as it prints it. */
  at: string
  /** What each captured table looked like then. */
  shape: Shape
}

export interface Replicated {
  /** The source's own clock when all of it was published, as it prints it; a copy that begins anew has another. */
  at: string
  shape: PublishedShape
  /** Where the slot begins, of whose moment the copied rows are; left out until it is made. */
  start?: string
}

/** What the steps leave in the journal for one another and for the way back. */
export interface Notes {
  apps: AppBefore[]
  targetBefore: TargetBefore
  /** Opens the tool's own fences; no credential of the app's. */
  fenceKey: string
  frozen: Frozen
  captured: Captured
  replicated: Replicated
  /** Which freeze, capture or replication the copied schema belongs to. */
  copied: {basis: string}
  /** The same of the copied rows and the indexes on them. */
  rowsCopied: {basis: string}
  /** The same of the built constraints. */
  constraints: {basis: string}
  /** Catalog fingerprint of the target when the way back was armed. */
  armed: {fingerprint: string}
  /** The newest landed write when the smoke test ended: what came before is the smoke test's own. */
  smoke: {lastLanded: string}
  /** The target's own clock when its fence was lowered. */
  opened: {at: string}
}

export const noteOf = <Key extends keyof Notes>(
  {journal}: Pick<Migration, 'journal'>,
  key: Key,
): Promise<Notes[Key] | undefined> => journal.note<Notes[Key]>(key)

/** A note that an earlier step must have left. */
export async function requireNote<Key extends keyof Notes>(
  migration: Pick<Migration, 'journal'>,
  key: Key,
): Promise<Notes[Key]> {
  const note = await noteOf(migration, key)
  if (note === undefined)
    throw failed('journal_gap', `the journal lacks "${key}"; this run cannot go on`, 'run heroku rds:rollback')
  return note
}

export const leaveNote = <Key extends keyof Notes>(
  {journal}: Pick<Migration, 'journal'>,
  key: Key,
  note: Notes[Key],
): Promise<void> => journal.setNote(key, note)
