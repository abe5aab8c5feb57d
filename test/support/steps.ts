import {defaultFollowing} from '../../src/lib/methods/index.js'
import type {Method} from '../../src/lib/methods/method.js'
import type {Step} from '../../src/lib/runbook/step.js'

/**
 * Steps that a test of every step tries: all with the method that most will take; with another those that are its own, because the
 * rest is the same code at the same place. `EVERY_STEP=1` tries all with each.
 */
export function triedWith(method: Method): (step: Step) => boolean {
  if (method.id === defaultFollowing.id || process.env['EVERY_STEP']) return () => true
  const own = [...method.before, ...method.ready, ...method.drain, method.verify, ...method.after]
  return ({id}) => own.some((step) => step.id === id)
}
