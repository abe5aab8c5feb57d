import type {Assessment} from '../assessment/assessment.js'
import type {Step} from '../runbook/step.js'

export type MethodId = 'change-capture' | 'dms' | 'dump-restore' | 'logical-replication'

/** One term of the arithmetic of the window. */
export interface Term {
  /** Of the step it stands for: a rehearsal of that step replaces it. */
  step: string
  what: string
  seconds: number
  /** Taken from an earlier run of the step; left out when assumed. */
  measured?: true
}

export interface Method {
  readonly id: MethodId
  readonly title: string
  /** False until `rds:cutover` can perform it. */
  readonly available: boolean
  /** Why it cannot be used here, in words for the operator; empty means it can. */
  obstacles(assessment: Pick<Assessment, 'source'>): string[]
  /** The steps between freeze and reconcile: they end with the target holding all that the source ever committed. */
  readonly drain: readonly Step[]
  /** The terms of the window that are this method's own. */
  estimate(assessment: Pick<Assessment, 'source'>): Term[]
}
