import type {Pace} from '../flow/pace.js'
import type {Assessment, MethodId, Need, Term} from '../ports/assessment.js'
import type {Lag} from '../ports/ports.js'
import type {AskedOfBoth} from '../postgres/answers.js'
import type {Migration} from '../runbook/migration.js'
import type {Step} from '../runbook/step.js'
import type {Verification} from '../verify/contents.js'
import type {LiveWorld} from '../verify/live.js'

/** One way in which the data can travel: all that the rest of the tool knows of it. */
export interface Method {
  readonly id: MethodId
  readonly title: string
  /** False until `rds:cutover` can perform it. */
  readonly available: boolean
  /** What it takes; the findings of checks about it stand in its way. */
  readonly needs: readonly Need[]
  /** Steps that may take days while the app runs, and are kept when a window comes to nothing; none for a method that does all in it. */
  readonly before: readonly Step[]
  /** The last of them, which each run of a window repeats. */
  readonly ready: readonly Step[]
  /** The steps between freeze and reconcile: they end with the target holding all that the source ever committed. */
  readonly drain: readonly Step[]
  /** Proves in the window that both are equal. */
  readonly verify: Step
  /** What can wait until the app runs on the target. */
  readonly after: readonly Step[]
  /** How the copy is kept in step while the app runs; left out where the whole copy is made in the window. */
  readonly follow?: Follow
  /** The terms of the window that are this method's own, each with the id of its step. */
  estimate(assessment: Pick<Assessment, 'copy' | 'source'>): Term[]
}

/** What a method can do that keeps a copy in step for days. */
export interface Follow {
  /** What `rds:start` makes on the source, to be continued by "of the source of APP": the question before it begins. */
  readonly makes: string
  /** The step with which it begins: what it leaves on the source is there until the end. */
  readonly begins: Step
  /** Keeps the copy in step until the signal aborts. */
  keepInStep(migration: Migration, pace: Pace): Promise<void>
  /** Brings the copy as close as it gets, and fails where that is too far behind for a window. */
  catchUp(migration: Migration): Promise<void>
  /** How far the copy is behind; not known before it has begun. */
  readonly lag: AskedOfBoth<unknown, unknown, Lag>
  /** Compares both sides while the app writes; left out where no two snapshots are known to be equal. */
  verifyLive?(world: LiveWorld, how: {rest: number; repair: boolean; sample: boolean}): Promise<Verification>
  /** Takes over a change of the source's schema; left out where one has to start over. */
  readonly refreshSchema?: Step
}
