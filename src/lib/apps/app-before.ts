import type {AppBefore} from './app.js'
import {fateOf} from './source-vars.js'
import {CA_COMPANIONS} from './target-url.js'
import {allEnded} from '../flow/all-ended.js'
import type {AppFacts} from '../ports/assessment.js'
import type {Dyno, Heroku, Process} from '../ports/ports.js'
import {refused} from '../ports/errors.js'
import {ifKnown, known} from '../ports/fact.js'
import type {Secret} from '../ports/secret.js'

/** An app before the window, and its config vars, which are in no journal. */
export interface AppSeen {
  app: AppBefore
  config: Record<string, Secret>
}

/** What an app is before the window, and what the switch will make of it. `keep`: config vars that stay on the source. */
export async function appBefore(
  heroku: Heroku,
  facts: AppFacts,
  {caFile, keep}: {caFile: string; keep: readonly string[]},
): Promise<AppSeen> {
  const vars = known(facts.sourceVars)
  const namesOf = (fate: 'kept' | 'moved') => vars.filter((one) => fateOf(one, keep) === fate).map(({name}) => name)
  const moving = namesOf('moved')
  const own = ownOf(facts, moving)
  const [config, dynos, released] = await allEnded([
    heroku.configVars(facts.name),
    heroku.dynos(facts.name),
    own.length > 0 ? heroku.releaseConfigVars(facts.name, facts.release) : {},
  ])
  assertRestorable(facts, own, config, released)
  const app: AppBefore = {
    id: facts.id,
    name: facts.name,
    maintenance: facts.maintenance,
    preboot: facts.preboot,
    privateSpace: facts.space !== null,
    generation: facts.generation,
    formation: facts.formation,
    autoscalers: ifKnown(facts.autoscalers) ?? [],
    attachments: facts.attachments.map(({name, namespace, configVars}) => ({name, namespace, configVars})),
    release: facts.release,
    moving,
    keeping: namesOf('kept'),
    keptAs: freeName(config),
    upBefore: typesUp(facts.formation, dynos),
    companions: companionsOf(config, moving, caFile),
  }
  return {app, config}
}

/** Process types of the formation of which a dyno is up. */
export const typesUp = (formation: readonly Process[], dynos: readonly Dyno[]): string[] =>
  formation.map(({type}) => type).filter((type) => dynos.some((dyno) => dyno.type === type && dyno.state === 'up'))

/** Config vars of the app's own, of those that move. */
function ownOf({attachments}: AppFacts, moving: readonly string[]): string[] {
  const setByAttachments = attachments.flatMap(({configVars}) => configVars)
  return moving.filter((name) => !setByAttachments.includes(name))
}

/**
 * The way back reads a config var of the app's own in the release before the window, since the journal holds no credential: it must be
 * there, as it is now.
 */
function assertRestorable(
  {name: app, release}: AppFacts,
  own: readonly string[],
  config: Record<string, Secret>,
  released: Record<string, Secret>,
): void {
  const other = own.filter((name) => released[name]?.reveal() !== config[name]?.reveal())
  if (other.length === 0) return
  throw refused(
    'config_changing',
    `${other.join(', ')} of ${app} differs from its value in release v${release}, so a rollback could not restore it`,
    'wait until the pending release has ended, and run the same command again',
  )
}

/** The add-on stays attached under this name where the switch takes its other attachments away. */
function freeName(config: Record<string, Secret>): string {
  const names = ['HEROKU_POSTGRESQL_OLD', ...Array.from({length: 9}, (_, n) => `HEROKU_POSTGRESQL_OLD_${n + 2}`)]
  return names.find((name) => !(`${name}_URL` in config)) ?? 'HEROKU_POSTGRESQL_BEFORE_RDS'
}

/**
 * Set only where the app does not use them for something else already. libpq takes PGSSLROOTCERT for an order to verify
 * every server, so it is left out where the app talks to another Postgres too.
 */
function companionsOf(
  config: Record<string, Secret>,
  movingVars: readonly string[],
  caFile: string,
): AppBefore['companions'] {
  const others = Object.entries(config).some(
    ([name, value]) => !movingVars.includes(name) && /^postgres(ql)?:/.test(value.reveal()),
  )
  const free = CA_COMPANIONS.filter(
    (name) => (config[name]?.reveal() ?? caFile) === caFile && !(others && name === 'PGSSLROOTCERT'),
  )
  return Object.fromEntries(free.map((name) => [name, {before: config[name]?.reveal() ?? null, after: caFile}]))
}
