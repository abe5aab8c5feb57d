import type {Eligibility, Finding, MethodId} from '../ports/assessment.js'
import {hindrancesOf} from './hindrances.js'

/** The simplest method that is possible and fits the budget; the order of the list is the decision tree. */
export function choose(
  eligibility: readonly Eligibility[],
  findings: readonly Finding[],
  budgetSeconds = Number.POSITIVE_INFINITY,
): {method: MethodId; because: string} | undefined {
  const fit = eligibility.find(({possible, window}) => possible && window.seconds <= budgetSeconds)
  if (!fit) return undefined
  const simpler = eligibility.slice(0, eligibility.indexOf(fit))
  const reasons = simpler.map(
    ({method, title, possible}) =>
      `${title} ${possible ? 'does not fit the budget' : `is not possible: ${hindrancesOf({findings}, method)[0]!.what}`}`,
  )
  return {method: fit.method, because: reasons.length > 0 ? reasons.join('; ') : 'it is the simplest method and fits'}
}
