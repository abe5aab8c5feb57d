import type {Ended, Journal, JournalRecords, JournalState, Undone} from '../ports/ports.js'
import {isLostConnection} from '../postgres/lost-connection.js'
import {codeOf} from '../postgres/sqlstate.js'

/**
 * The journal as the process knows it that holds the lock: nobody else writes in it, or else the next entry fails. So it is read once. While
 * going forward every entry must reach it. On the way back it may be the target that broke: then what this process remembers is enough to
 * bring the app back, and what cannot be written down is left to the next rollback to find undone.
 */
export interface RememberedJournal extends Journal {
  back(elsewhere: Elsewhere): Journal
}

/** What stands in for the target when it cannot be reached. */
export interface Elsewhere {
  /** Fails when another operator has taken over. */
  assertHeld(): Promise<void>
  /** The same; and keeps what could not be written into the journal, for whoever opens it next. */
  leave(undone: Undone): Promise<void>
}

const isRemembered = (journal: Journal): journal is RememberedJournal => 'back' in journal

export function rememberJournal(journal: Journal): RememberedJournal {
  if (isRemembered(journal)) return journal
  let known: JournalState | undefined
  /** Notes that go with the end of the step. */
  let pending: Record<string, unknown> = {}

  const state = async (): Promise<JournalState> => (known ??= await journal.read())
  const kept = async (writing: Promise<JournalRecords>): Promise<JournalRecords> => {
    const now = await writing
    if (known) known = {...known, ...now}
    return now
  }
  const keptWith = async (ended: Ended | undefined, write: (ended: Ended | undefined) => Promise<JournalRecords>) => {
    const now = await kept(write(ended && {...ended, notes: pending}))
    if (ended) pending = {}
    return now
  }
  /** A step whose entry may be there although its answer is lost has to be undone as well. */
  const begins = async (step: string) => {
    const {records, ...rest} = await state()
    const fresh = {step, startedAt: new Date(), finishedAt: null, evidence: null, operator: '', waits: null}
    const record = {...(records.find((one) => one.step === step) ?? fresh), undoneAt: null}
    known = {...rest, records: [...records.filter((one) => one.step !== step), record]}
  }
  const forgetHere = (keys: readonly string[]) => {
    for (const key of keys) {
      delete pending[key]
      delete known?.notes[key]
    }
  }

  const forward: Journal = {
    ...journal,
    read: state,
    records: async () => (await state()).records,
    note: async <T>(key: string) => (await state()).notes[key] as T | undefined,
    async started(step, before) {
      await begins(step)
      return keptWith(before, (ended) => journal.started(step, ended))
    },
    async foundDone(step, before) {
      const {records} = await state()
      const isWritten = records.some((one) => one.step === step && one.finishedAt && !one.undoneAt)
      if (isWritten) return before ? forward.finished(before) : state()
      await begins(step)
      return keptWith(before, (ended) => journal.foundDone(step, ended))
    },
    finished: (before) => keptWith(before, (ended) => journal.finished(ended ?? before)),
    failed: (step, reason) => kept(journal.failed(step, reason)),
    undone: (steps) => kept(journal.undone(steps)),
    async setNote(key, value) {
      await journal.setNote(key, value)
      if (known) known.notes[key] = asWritten(value)
    },
    async setNoteAtEnd(key, value) {
      const {notes} = await state()
      notes[key] = pending[key] = asWritten(value)
    },
    async forget(keys) {
      await journal.forget(keys)
      forgetHere(keys)
    },
  }

  const whereItCan = async <T>(ask: () => Promise<T>, otherwise: () => Promise<T> | T): Promise<T> => {
    try {
      return await ask()
    } catch (error) {
      if (!cannotBeWritten(error)) throw error
      return otherwise()
    }
  }

  return {
    ...forward,
    back: (elsewhere) => {
      let reachable = true
      const unwritten = {steps: [] as string[], forgotten: [] as string[]}
      const leave = async (): Promise<JournalState> => {
        const now = await state()
        await elsewhere.leave({attempt: now.attempt, ...unwritten})
        return now
      }
      return {
        ...forward,
        // Asked again and again: a target that is gone is not waited for each time.
        assertHeld: () =>
          reachable
            ? whereItCan(
                () => journal.assertHeld(),
                () => {
                  reachable = false
                  return elsewhere.assertHeld()
                },
              )
            : elsewhere.assertHeld(),
        undone: (steps) =>
          whereItCan(
            () => forward.undone(steps),
            () => {
              unwritten.steps.push(...steps)
              return leave()
            },
          ),
        setNote: (key, value) =>
          whereItCan(
            () => forward.setNote(key, value),
            () => undefined,
          ),
        forget: (keys) =>
          whereItCan(
            () => forward.forget(keys),
            async () => {
              forgetHere(keys)
              unwritten.forgotten.push(...keys)
              await leave()
            },
          ),
      }
    },
  }
}

const asWritten = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** The target is gone, has a full disk or no memory (class 53), or an I/O error (class 58). */
const cannotBeWritten = (error: unknown): boolean => isLostConnection(error) || /^(53|58)...$/.test(codeOf(error))
