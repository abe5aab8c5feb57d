import type {AppBefore} from './app.js'
import {fateOf} from './source-vars.js'
import {CA_COMPANIONS} from './target-url.js'
import type {AppFacts} from '../ports/assessment.js'
import type {Heroku} from '../ports/ports.js'
import {refused} from '../ports/errors.js'
import {ifKnown, known} from '../ports/fact.js'
import type {Secret} from '../ports/secret.js'

/** What an app is before the window, and what the switch will make of it. `keep`: config vars that stay on the source. */
export async function appBefore(
  heroku: Heroku,
  facts: AppFacts,
  {caFile, keep}: {caFile: string; keep: readonly string[]},
): Promise<AppBefore> {
  const [config, dynos] = await Promise.all([heroku.configVars(facts.name), heroku.dynos(facts.name)])
  const vars = known(facts.sourceVars)
  const namesOf = (fate: 'kept' | 'moved') => vars.filter((one) => fateOf(one, keep) === fate).map(({name}) => name)
  const moving = namesOf('moved')
  await assertRestorable(heroku, facts, config, moving)
  return {
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
    upBefore: [...new Set(dynos.filter(({state}) => state === 'up').map(({type}) => type))],
    companions: companionsOf(config, moving, caFile),
  }
}

/**
 * The way back reads a config var of the app's own in the release before the window, since the journal holds no credential: it must be
 * there, as it is now.
 */
async function assertRestorable(
  heroku: Heroku,
  {name: app, release, attachments}: AppFacts,
  config: Record<string, Secret>,
  moving: readonly string[],
): Promise<void> {
  const setByAttachments = attachments.flatMap(({configVars}) => configVars)
  const own = moving.filter((name) => !setByAttachments.includes(name))
  if (own.length === 0) return
  const before = await heroku.releaseConfigVars(app, release)
  const other = own.filter((name) => before[name]?.reveal() !== config[name]?.reveal())
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
