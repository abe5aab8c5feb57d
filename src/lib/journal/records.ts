import type {StepRecord} from '../ports/ports.js'

/** The record of a step that was started and not undone; undefined where there is none. */
export const inEffect = (records: readonly StepRecord[], {id}: {id: string}): StepRecord | undefined =>
  records.find(({step, undoneAt}) => step === id && !undoneAt)

/** Whether a step was done to its end and not undone. */
export const isFinished = (records: readonly StepRecord[], step: {id: string}): boolean =>
  Boolean(inEffect(records, step)?.finishedAt)
