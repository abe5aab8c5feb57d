import type {AppFacts, Found} from '../../../ports/assessment.js'
import type {ByHand, Check, Subject} from '../../check.js'

/** A check of each app that is attached to the database. */
export const ofEachApp = (
  check: Omit<Check, 'example' | 'inspect'> & {
    found: (app: AppFacts, subject: Subject) => Found[]
    /** Facts that make an app fail the check. */
    failing: (app: AppFacts) => Partial<AppFacts>
    byHand: ByHand
  },
): Check => {
  const {found, failing, byHand, ...rest} = check
  return {
    ...rest,
    example: {
      byHand,
      facts: (healthy) => ({...healthy, apps: healthy.apps.map((app) => ({...app, ...failing(app)}))}),
    },
    inspect: (subject) => subject.apps.flatMap((app) => found(app, subject)),
  }
}
