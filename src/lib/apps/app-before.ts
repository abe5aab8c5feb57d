import type {AppBefore} from './app.js'
import {CA_COMPANIONS} from './target-url.js'
import type {AppFacts} from '../ports/assessment.js'
import type {Heroku} from '../ports/ports.js'
import type {Secret} from '../ports/secret.js'

/** What an app is before the window, and what the switch will make of it. */
export async function appBefore(heroku: Heroku, facts: AppFacts, caFile: string): Promise<AppBefore> {
  const config = await heroku.configVars(facts.name)
  const moving = attachmentsToMove(facts)
  const movingVars = facts.attachments.filter(({name}) => moving.includes(name)).flatMap(({configVars}) => configVars)
  const dynos = await heroku.dynos(facts.name)
  return {
    name: facts.name,
    maintenance: facts.maintenance,
    preboot: facts.preboot,
    privateSpace: facts.space !== null,
    generation: facts.generation,
    formation: facts.formation,
    attachments: facts.attachments.map(({name, namespace, configVars}) => ({name, namespace, configVars})),
    moving,
    keptAs: freeName(config),
    upBefore: [...new Set(dynos.filter(({state}) => state === 'up').map(({type}) => type))],
    companions: companionsOf(config, movingVars, caFile),
  }
}

/** DATABASE and its pooler; where nothing is called DATABASE, every attachment of the default credential. */
function attachmentsToMove({attachments}: AppFacts): string[] {
  const plain = attachments.filter(({namespace}) => namespace === null)
  const named = plain.filter(({name}) => name === 'DATABASE')
  const pooled = attachments.filter(({namespace}) => namespace?.startsWith('connection-pooling:'))
  return [...(named.length > 0 ? named : plain), ...pooled].map(({name}) => name)
}

/** The add-on stays attached under this name while DATABASE is a plain config var. */
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
