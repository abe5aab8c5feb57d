import type {RdsInstance} from '../../../ports/ports.js'
import type {Found, TargetFacts} from '../../../ports/assessment.js'
import type {ByHand, Check, Subject} from '../../check.js'
import {known} from '../../../ports/fact.js'

/** A check of the facts of the target; it finds nothing when no target is named. */
export const ofTarget = (
  check: Omit<Check, 'example' | 'inspect'> & {
    found: (target: TargetFacts, subject: Subject) => Found[]
    failing: (target: TargetFacts, subject: Subject) => TargetFacts
    byHand: ByHand
  },
): Check => {
  const {found, failing, byHand, ...rest} = check
  return {
    ...rest,
    example: {byHand, facts: (healthy) => ({...healthy, targetFacts: failing(healthy.targetFacts!, healthy)})},
    inspect: (subject) => (subject.targetFacts ? found(subject.targetFacts, subject) : []),
  }
}

/** A check of the target as AWS describes it. */
export const ofInstance = (
  check: Omit<Check, 'example' | 'inspect'> & {
    found: (instance: RdsInstance, target: TargetFacts, subject: Subject) => Found[]
    failing: (instance: RdsInstance) => RdsInstance
  },
): Check => {
  const {found, failing, ...rest} = check
  return ofTarget({
    ...rest,
    byHand: 'aws',
    found: (target, subject) => found(known(target.instance), target, subject),
    failing: (target) => ({...target, instance: failing(known(target.instance))}),
  })
}
