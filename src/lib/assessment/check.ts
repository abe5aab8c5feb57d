import type {MethodId} from '../methods/method.js'
import type {Database} from '../ports.js'
import type {AppFacts, Finding, SourceFacts, TargetFacts} from './assessment.js'

/** What a check may look at. */
export interface Subject {
  app: string
  apps: AppFacts[]
  source: Database
  target?: Database
  sourceFacts: SourceFacts
  targetFacts?: TargetFacts
}

/** A question whose answer can stop a migration, with what makes it fail and what cures it. */
export interface Check {
  readonly id: string
  readonly question: string
  readonly level: 'blocker' | 'warning'
  /** Methods it stands in the way of; all when left out. */
  readonly blocks?: readonly MethodId[]
  /** SQL that makes a clean source fail it; `cure` makes it pass again. Checks of the outside world have neither. */
  readonly example?: string
  readonly cure?: string
  inspect(subject: Subject): Promise<Pick<Finding, 'remedy' | 'what'>[]> | Pick<Finding, 'remedy' | 'what'>[]
}
