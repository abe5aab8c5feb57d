import {inEffect} from '../journal/records.js'
import type {Migration} from './migration.js'

/**
 * One step of the runbook. The dry run prints these same objects; resuming a killed run and rolling back need no code
 * of their own, because every step can say whether it is done and how it is undone.
 */
export interface Step {
  /** Written to the journal: never rename one that was released. */
  readonly id: string
  readonly title: string
  /** The window is the time of the `inside` steps. */
  readonly window: 'after' | 'before' | 'inside'
  /** It, or its undo, asks Heroku for changes of the apps. */
  readonly changesApps?: true
  /** Once such a step has started, the run only goes forward: nothing before it is looked at again. */
  readonly pointOfNoCheapReturn?: true
  /** Must be repeatable, and right even when `run` was killed half-way. */
  readonly undo: 'impossible' | 'nothing' | ((migration: Migration) => Promise<void>)
  /** Looks at the world rather than at the journal, so that a killed run can be resumed. */
  done(migration: Migration): Promise<boolean>
  /** Does it; returns what it proved, in one line. Must be repeatable. */
  run(migration: Migration): Promise<string>
}

/** A look for an effect that only the step itself has: it is not made where the step was never started, or was undone. */
export const onceStarted =
  (id: string, look: Step['done']): Step['done'] =>
  async (migration) => {
    return inEffect(await migration.journal.records(), {id}) !== undefined && look(migration)
  }

/** For steps whose proof every run has to repeat. */
export const never = (): Promise<boolean> => Promise.resolve(false)
