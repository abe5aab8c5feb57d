import {messageOf, refused} from '../errors.js'
import type {Migration} from './migration.js'
import type {Step} from './step.js'

/**
 * Undoes every step that was started, newest first, and returns their titles. A step that was started but not finished
 * may have had its effect: it is undone too. Refuses, before touching anything, when one of them cannot be undone.
 */
export async function rollback(steps: readonly Step[], migration: Migration): Promise<string[]> {
  const {journal, operator, clock} = migration
  const inEffect = new Set((await journal.records()).filter((record) => !record.undoneAt).map((record) => record.step))
  const started = steps.filter((step) => inEffect.has(step.id)).reverse()
  const stuck = started.find((step) => step.undo === 'impossible')
  if (stuck) throw refused('point_of_no_return', `${stuck.title} cannot be undone; nothing was touched`)

  for (const step of started) {
    if (step.undo !== 'nothing' && step.undo !== 'impossible') {
      const begun = clock.now()
      operator.step({kind: 'undoing', title: step.title})
      try {
        await step.undo(migration)
      } catch (error) {
        operator.step({kind: 'failed', title: `Undo: ${step.title}`, detail: messageOf(error)})
        throw error
      }
      const seconds = (clock.now().getTime() - begun.getTime()) / 1000
      operator.step({kind: 'undone', title: step.title, seconds})
    }
    await journal.undone(step.id)
  }
  return started.map((step) => step.title)
}
