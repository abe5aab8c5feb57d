import {refused} from '../ports/errors.js'
import type {Method} from '../methods/method.js'
import type {Step} from '../runbook/step.js'
import {phaseOf} from './phase.js'
import type {Verification} from '../verify/contents.js'
import {compareFrozen} from '../verify/frozen.js'
import {type LiveWorld, sampleWhileLive, verifyWhileLive} from '../verify/live.js'

export interface Asked extends LiveWorld {
  app: string
  method: Method
}

/** Compares every row now – or a sample: between two equal moments while the app writes, at rest in the window. */
export async function verifyNow(
  steps: readonly Step[],
  preparation: readonly Step[],
  asked: Asked,
  {rest = 0, repair = false, sample = false} = {},
): Promise<Verification> {
  const {app, journal, method} = asked
  const phase = phaseOf(steps, await journal.records(), await journal.attempt(), preparation)
  if (phase === 'window') return compareFrozen({...asked, rest})
  if (phase === 'following' && method.id === 'change-capture')
    return sample ? sampleWhileLive(asked) : verifyWhileLive(asked, {rest, repair})
  if (phase === 'following') {
    throw refused(
      'verified_in_the_window',
      `${method.title} has no moment at which both databases are equal while the app writes`,
      `heroku rds:cutover -a ${app} compares every row in the window`,
    )
  }
  throw refused(
    'nothing_to_verify',
    `there is no copy to compare: the migration of ${app} is ${phase}`,
    phase === 'live' ? 'the app writes to RDS now; the window has verified the move' : `heroku rds:start -a ${app}`,
  )
}
