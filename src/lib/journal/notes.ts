import {failed} from '../ports/errors.js'
import type {Journal} from '../ports/ports.js'

/**
 * Facts that steps leave in the journal for one another and for the way back, by key. Every package declares its own here, with
 * `declare module`, beside the code that leaves them. Never rename a key that was released.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface Notes {}

interface Noting {
  journal: Journal
}

export const noteOf = <Key extends keyof Notes>({journal}: Noting, key: Key): Promise<Notes[Key] | undefined> =>
  journal.note<Notes[Key]>(key)

/** A note that an earlier step must have left. */
export async function requireNote<Key extends keyof Notes>(migration: Noting, key: Key): Promise<Notes[Key]> {
  const note = await noteOf(migration, key)
  if (note === undefined)
    throw failed('journal_gap', `the journal lacks "${key}"; this run cannot go on`, 'run heroku rds:rollback')
  return note
}

export const leaveNote = <Key extends keyof Notes>({journal}: Noting, key: Key, note: Notes[Key]): Promise<void> =>
  journal.setNote(key, note)

/** The same, written with the end of the step: where the process dies before, the step is done again. */
export const leaveNoteAtEnd = <Key extends keyof Notes>({journal}: Noting, key: Key, note: Notes[Key]): Promise<void> =>
  journal.setNoteAtEnd(key, note)
