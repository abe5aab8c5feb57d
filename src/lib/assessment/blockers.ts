import type {Assessment} from '../ports/assessment.js'

/** What stands in the way of one method: blockers of all methods, and findings of checks that name it. */
export const blockersOf = (assessment: Pick<Assessment, 'findings'>, method: string): string[] =>
  assessment.findings
    .filter(({level, methods}) =>
      methods.length === 0 ? level === 'blocker' : level !== 'unknown' && methods.some((id) => id === method),
    )
    .map(({what}) => what)
