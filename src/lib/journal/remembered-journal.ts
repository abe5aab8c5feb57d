import type {Journal, StepRecord} from '../ports/ports.js'
import {isLostConnection} from '../postgres/lost-connection.js'
import {codeOf} from '../postgres/sqlstate.js'

/**
 * The journal as this process knows it. While going forward it is the journal itself, and every write must reach it. On
 * the way back it may be the target that broke: then what this process remembers is enough to bring the app back, and
 * what cannot be written down is left to the next rollback to find undone.
 */
export interface RememberedJournal {
  forward: Journal
  /** `stillOurs` stands in for the check of the lock when the target cannot be asked. */
  back(stillOurs: () => Promise<void>): Journal
}

export function rememberJournal(journal: Journal): RememberedJournal {
  const records = new Map<string, StepRecord>()
  const notes = new Map<string, unknown>()

  const seeRecords = async () => {
    const current = await journal.records()
    records.clear()
    for (const record of current) records.set(record.step, record)
    return current
  }
  const remember = (step: string, change: Partial<StepRecord>) => {
    const known = records.get(step) ?? {
      step,
      startedAt: new Date(),
      finishedAt: null,
      undoneAt: null,
      evidence: null,
      operator: '',
      waits: null,
    }
    records.set(step, {...known, ...change})
  }

  const forward: Journal = {
    ...journal,
    records: seeRecords,
    async started(step) {
      remember(step, {undoneAt: null, finishedAt: null})
      await journal.started(step)
    },
    async foundDone(step) {
      remember(step, {undoneAt: null})
      await journal.foundDone(step)
    },
    async undone(step) {
      await journal.undone(step)
      remember(step, {undoneAt: new Date()})
    },
    async note<T>(key: string) {
      const value = await journal.note<T>(key)
      notes.set(key, value)
      return value
    },
    async setNote(key, value) {
      await journal.setNote(key, value)
      notes.set(key, value)
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
    forward,
    back: (stillOurs) => ({
      ...forward,
      assertHeld: () => whereItCan(() => journal.assertHeld(), stillOurs),
      records: () => whereItCan(seeRecords, () => [...records.values()]),
      note: <T>(key: string) =>
        whereItCan(
          () => forward.note<T>(key),
          () => notes.get(key) as T | undefined,
        ),
      setNote: (key, value) =>
        whereItCan(
          () => forward.setNote(key, value),
          () => undefined,
        ),
      forget: (keys) =>
        whereItCan(
          () => journal.forget(keys),
          () => undefined,
        ),
      failed: (step, reason) =>
        whereItCan(
          () => journal.failed(step, reason),
          () => undefined,
        ),
      undone: (step) =>
        whereItCan(
          () => forward.undone(step),
          () => remember(step, {undoneAt: new Date()}),
        ),
    }),
  }
}

/** The target is gone, has a full disk or no memory (class 53), or an I/O error (class 58). */
const cannotBeWritten = (error: unknown): boolean => isLostConnection(error) || /^(53|58)...$/.test(codeOf(error))
