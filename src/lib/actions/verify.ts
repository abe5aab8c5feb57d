import {fenceState} from '../fence/fence.js'
import {phaseOf} from './phase.js'
import type {Method} from '../methods/method.js'
import {refused, type RdsError} from '../ports/errors.js'
import type {Verification} from '../verify/contents.js'
import {compareFrozen} from '../verify/frozen.js'
import type {LiveWorld} from '../verify/live.js'

export interface Asked extends LiveWorld {
  method: Method
}

/** Compares every row now – or a sample: between two equal snapshots while the app writes, at rest in the window. */
export async function verifyNow(asked: Asked, {rest = 0, repair = false, sample = false} = {}): Promise<Verification> {
  const {app, journal, method} = asked
  const phase = await phaseOf(method, journal)
  if (phase === 'window') {
    if ((await fenceState(asked.from)) !== 'raised') throw notAtRest(app)
    return compareFrozen({...asked, rest})
  }
  if (phase !== 'following') {
    throw refused(
      'nothing_to_verify',
      `there is no copy to compare: the phase of the migration of ${app} is "${phase}"`,
      phase === 'live' ? 'the app writes to RDS now; the window has verified the move' : `heroku rds:start -a ${app}`,
    )
  }
  if (!method.follow?.verifyLive) {
    throw refused(
      'verified_in_the_window',
      `${method.title.toLowerCase()} has no two snapshots that are equal while the app writes`,
      `heroku rds:cutover -a ${app} compares every row in the window`,
    )
  }
  return method.follow.verifyLive(asked, {rest, repair, sample})
}

const notAtRest = (app: string): RdsError =>
  refused(
    'not_at_rest',
    `a window of ${app} is under way or has ended, but the source takes writes: neither side is at rest`,
    `heroku rds:status -a ${app} shows where it stands`,
  )
