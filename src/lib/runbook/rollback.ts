import {counted} from '../flow/waits.js'
import {messageOf, notRefused, refused} from '../ports/errors.js'
import type {Migration} from './migration.js'
import type {Step} from './step.js'

/** The steps that a window undoes when it comes to nothing: what may have taken days beforehand stays. */
export const undoneByWindow = (steps: readonly Step[], {method}: Pick<Migration, 'method'>): Step[] =>
  steps.filter(({window}) => !(method.follow && window === 'before'))

/**
 * Undoes every step that was started, newest first, and returns their titles. A step that was started but not finished
 * may have had its effect: it is undone too. Refuses, before touching anything, when one of them cannot be undone.
 */
export async function rollback(steps: readonly Step[], migration: Migration): Promise<string[]> {
  const {journal} = migration
  const inEffect = new Set((await journal.records()).filter(({undoneAt}) => !undoneAt).map(({step}) => step))
  const started = steps.filter((step) => inEffect.has(step.id)).reverse()
  const stuck = started.find((step) => step.undo === 'impossible')
  if (stuck) throw refused('point_of_no_return', `${stuck.title} cannot be undone; nothing was touched`)

  await journal.assertHeld()
  let touched = false
  let undone: string[] = []
  for (const step of started) {
    undone.push(step.id)
    try {
      if (!(await undoStep(step, migration))) continue
    } catch (error) {
      migration.operator.step({kind: 'failed', title: `Undo: ${step.title}`, detail: messageOf(error)})
      throw touched ? notRefused(error) : error
    }
    touched = true
    // It fails when another operator has taken over, before the next step is undone.
    await journal.undone(undone)
    undone = []
  }
  if (undone.length > 0) await journal.undone(undone)
  return started.map((step) => step.title)
}

/** False where there is nothing to undo. */
async function undoStep(step: Step, migration: Migration): Promise<boolean> {
  if (typeof step.undo !== 'function') return false
  const {operator, clock} = migration
  const begun = clock.now()
  const {undo} = step
  return counted(async (soFar) => {
    operator.step({kind: 'undoing', title: step.title})
    await undo(migration)
    const seconds = (clock.now().getTime() - begun.getTime()) / 1000
    operator.step({kind: 'undone', title: step.title, seconds, waits: soFar()})
    return true
  })
}
