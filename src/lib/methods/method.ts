import type {Pace} from '../flow/pace.js'
import type {Assessment, MethodId, Term} from '../ports/assessment.js'
import type {Migration} from '../runbook/migration.js'
import type {Step} from '../runbook/step.js'

export interface Method {
  readonly id: MethodId
  readonly title: string
  /** False until `rds:cutover` can perform it. */
  readonly available: boolean
  /** Why it cannot be used here, in words for the operator; empty means it can. */
  obstacles(assessment: Pick<Assessment, 'source'>): string[]
  /** Steps that may take days while the app runs, and are kept when a window comes to nothing; none for a method that does all in it. */
  readonly before: readonly Step[]
  /** The last of them, which each run of a window does anew. */
  readonly ready: readonly Step[]
  /** The steps between freeze and reconcile: they end with the target holding all that the source ever committed. */
  readonly drain: readonly Step[]
  /** Proves in the window that both are equal. */
  readonly verify: Step
  /** What can wait until the app runs on the target. */
  readonly after: readonly Step[]
  /** Follows a change of the source's schema; left out where one has to start anew. */
  takeIn?: Step
  /** Keeps the copy in step until the signal aborts; left out where nothing follows. */
  follow?: (migration: Migration, pace: Pace) => Promise<void>
  /** The terms of the window that are this method's own. */
  estimate(assessment: Pick<Assessment, 'source'>): Term[]
}
