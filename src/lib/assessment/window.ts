import {freezeSource} from '../runbook/steps/freeze-source.js'
import {open} from '../runbook/steps/open.js'
import {reconcile} from '../runbook/steps/reconcile.js'
import {smokeTest} from '../runbook/steps/smoke-test.js'
import {stopWriters} from '../runbook/steps/stop-writers.js'
import {switchApps} from '../runbook/steps/switch-apps.js'
import type {Method} from '../methods/method.js'
import type {Assessment, Term} from '../ports/assessment.js'

/** Terms of the window that all methods share. Durations are the playbook's, in seconds, until a run has measured them. */
const SHARED: readonly Term[] = [
  {step: stopWriters.id, what: 'stop the dynos', seconds: 30},
  {step: freezeSource.id, what: 'freeze', seconds: 5},
  {step: reconcile.id, what: 'reconcile sequences and statistics', seconds: 30},
  {step: switchApps.id, what: 'switch DATABASE_URL, three releases', seconds: 15},
  {step: smokeTest.id, what: 'smoke test and gate', seconds: 60},
  {step: open.id, what: 'start the dynos', seconds: 60},
]

/** Duration of each step when this migration last performed it, in seconds. */
export type Measured = Readonly<Record<string, number>>

/**
 * The estimated window: the method's own terms, then the shared ones. Durations measured by an earlier run of this
 * migration replace the assumed ones, term by term.
 */
export function windowOf(
  method: Method,
  assessment: Pick<Assessment, 'source'>,
  measured: Measured = {},
): {seconds: number; terms: Term[]} {
  const terms = [...method.estimate(assessment), ...SHARED].map((term): Term => {
    const seconds = measured[term.step]
    return seconds === undefined ? term : {...term, seconds, measured: true}
  })
  return {seconds: terms.reduce((sum, {seconds}) => sum + seconds, 0), terms}
}
