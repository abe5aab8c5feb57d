import type {
  AccountFacts,
  AppFacts,
  Copy,
  Distance,
  Found,
  Need,
  SourceFacts,
  TargetFacts,
  UnseenApp,
} from '../ports/assessment.js'
import type {RdsError} from '../ports/errors.js'
import type {Fact} from '../ports/fact.js'
import type {Database, EngineOffer} from '../ports/ports.js'

/** Facts and connections that a check can use. */
export interface Subject {
  app: string
  now: Date
  distance?: Distance
  copy?: Fact<Copy>
  account: AccountFacts
  apps: AppFacts[]
  unseen: UnseenApp[]
  /** Config vars that stay on the frozen source, as the operator has said. */
  keep: readonly string[]
  source: Database
  target?: Database
  sourceFacts: SourceFacts
  targetFacts?: TargetFacts
  /** Why the named target cannot be used. */
  targetTrouble?: RdsError
  /** Errors of one-off dynos that tried to connect to the target; left out when none tried. */
  dynoTrouble?: RdsError[]
  /** Engines that AWS offers in the region: read only when no target is named. */
  offers?: Fact<EngineOffer[]>
}

/** Where a remedy lies that no SQL can carry out; `nothing` where none is needed for the move, or waiting is all. */
export type ByHand =
  'after-the-move' | 'another-database' | 'another-machine' | 'another-method' | 'app' | 'aws' | 'heroku' | 'nothing'

/** SQL that makes a healthy database fail a check. The finding's `fix` is its remedy, else `cure` is, or it is carried out by hand. */
export interface SqlExample {
  on: 'source' | 'target'
  sql: string
  /** Takes a superuser: the owner of the database is not allowed to do this. */
  superuser?: true
  /** Of the target: the master user does it. */
  master?: true
  /** What a superuser does on the other side beforehand, without which it is no example. */
  otherSide?: string
  /** The check finds the session itself: it stays open. */
  held?: true
  /** The remedy where the finding has no `fix`, as SQL of the same role. */
  cure?: string
  byHand?: ByHand
  /** SQL of the same role that removes what is left of the example. */
  undo?: string
}

/** Makes facts that fail a check from facts that pass it. */
export interface FactsExample {
  facts(healthy: Subject): Subject
  /** Left out where a test carries the remedy out. */
  byHand?: ByHand
}

/** A question whose answer can stop a migration, with an example that fails it. */
export interface Check {
  readonly id: string
  readonly question: string
  /** `unknown`: its findings are facts that could not be read. */
  readonly level: 'blocker' | 'unknown' | 'warning'
  /** A run can begin without the answer: the operator may have no access to AWS. */
  readonly dispensable?: true
  /** Its findings hinder only the methods with one of these needs; all methods when left out. */
  readonly hinders?: readonly Need[]
  /** Those methods remain possible, but work better without its findings. */
  readonly advisory?: true
  readonly example: FactsExample | SqlExample
  inspect(subject: Subject): Found[] | Promise<Found[]>
}

/** One catalog query on the source; each row is a finding. */
export interface CatalogCheck<Row> extends Omit<Check, 'inspect'> {
  /** Runs with `search_path = pg_catalog`, reads catalogs and statistics only, and returns names quoted for SQL. */
  readonly sql: string
  found: (row: Row) => Found
}

/** A check that takes one round trip to the source. */
export const catalogCheck = <Row>({sql, found, ...check}: CatalogCheck<Row>): Check & {readonly sql: string} => ({
  ...check,
  sql,
  inspect: async ({source}) => (await source.query<Row>(sql)).map(found),
})
