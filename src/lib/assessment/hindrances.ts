import type {Finding, MethodId} from '../ports/assessment.js'

/** What stands in the way of one method: blockers of all methods, and findings of checks that concern it. */
export const hindrancesOf = ({findings}: {findings: readonly Finding[]}, method: MethodId): Finding[] =>
  findings.filter(({level, methods, advisory}) =>
    methods.length === 0 ? level === 'blocker' : level !== 'unknown' && !advisory && methods.includes(method),
  )
