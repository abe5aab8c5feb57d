import type {Finding, MethodId} from '../ports/assessment.js'

/** Findings that make a method impossible: blockers of all methods, and findings of checks that hinder this one. */
export const hindrancesOf = ({findings}: {findings: readonly Finding[]}, method: MethodId): Finding[] =>
  findings.filter(({level, methods, advisory}) =>
    methods.length === 0 ? level === 'blocker' : level !== 'unknown' && !advisory && methods.includes(method),
  )
