import type {AppFacts, UnseenApp, Found, SourceFacts, TargetFacts, Need} from '../ports/assessment.js'
import type {RdsError} from '../ports/errors.js'
import type {Fact} from '../ports/fact.js'
import type {Database, EngineOffer} from '../ports/ports.js'

/** What a check may look at. */
export interface Subject {
  app: string
  now: Date
  apps: AppFacts[]
  unseen: UnseenApp[]
  source: Database
  target?: Database
  sourceFacts: SourceFacts
  targetFacts?: TargetFacts
  /** Why the target that was named cannot be used. */
  targetTrouble?: RdsError
  /** What kept one-off dynos from using it; left out when they were not asked. */
  dynoTrouble?: RdsError[]
  /** What AWS offers in the region: asked only when no target is named. */
  offers?: Fact<EngineOffer[]>
}

/** SQL that makes a clean database fail a check. What was found is cured by its own `fix`, or by `cure` where there is none. */
export interface SqlExample {
  on: 'source' | 'target'
  sql: string
  /** Takes a superuser: no owner can do this to his own database. */
  superuser?: true
  /** What is found is this session: it stays open. */
  held?: true
  /** As the role of the example. */
  cure?: string
}

/** Facts about the world outside that make a check fail, from those of a world in which it does not. */
export interface FactsExample {
  facts(healthy: Subject): Subject
}

/** A question whose answer can stop a migration, with what makes it fail. */
export interface Check {
  readonly id: string
  readonly question: string
  /** `unknown`: what it finds is something that could not be read. */
  readonly level: 'blocker' | 'unknown' | 'warning'
  /** A run may begin without the answer: whoever asks may have no way to AWS. */
  readonly dispensable?: true
  /** It stands in the way of the methods with one of these needs only; of all when left out. */
  readonly hinders?: readonly Need[]
  /** Those methods can be used all the same, and fare better without what it finds. */
  readonly advisory?: true
  readonly example: FactsExample | SqlExample
  inspect(subject: Subject): Found[] | Promise<Found[]>
}

/** One catalog query on the source, and what each of its rows means. */
export interface CatalogCheck<Row> extends Omit<Check, 'inspect'> {
  /** Runs with `search_path = pg_catalog`, reads catalogs and statistics only, and names objects as SQL needs them. */
  readonly sql: string
  found: (row: Row) => Found
}

/** A check that is one round trip to the source. */
export const catalogCheck = <Row>({sql, found, ...check}: CatalogCheck<Row>): Check & {readonly sql: string} => ({
  ...check,
  sql,
  inspect: async ({source}) => (await source.query<Row>(sql)).map(found),
})
