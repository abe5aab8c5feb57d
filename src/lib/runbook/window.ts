import type {Assessment} from '../assessment/assessment.js'
import type {Method, Term} from '../methods/method.js'

/** What every method's window holds besides its drain; the playbook's figures, until a rehearsal has measured them. */
const SHARED: readonly Term[] = [
  {what: 'stop the dynos', seconds: 30},
  {what: 'freeze', seconds: 5},
  {what: 'reconcile sequences and statistics', seconds: 30},
  {what: 'switch DATABASE_URL, one release', seconds: 15},
  {what: 'smoke test and gate', seconds: 60},
  {what: 'start the dynos', seconds: 60},
]

/** The window by arithmetic: the method's own terms, then those that all share. */
export function windowOf(method: Method, assessment: Assessment): {seconds: number; terms: Term[]} {
  const terms = [...method.estimate(assessment), ...SHARED]
  return {seconds: terms.reduce((sum, {seconds}) => sum + seconds, 0), terms}
}
