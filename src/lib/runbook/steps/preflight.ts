import {randomBytes} from 'node:crypto'

import type {AppFacts, Assessment} from '../../assessment/assessment.js'
import {blockersOf} from '../../assessment/blockers.js'
import {refused, unverified} from '../../errors.js'
import type {Secret} from '../../secret.js'
import {refuseForeignContents} from '../foreign-contents.js'
import type {Migration} from '../migration.js'
import {type AppBefore, leaveNote, noteOf} from '../notes.js'
import type {Step} from '../step.js'
import {enterMaintenance} from './enter-maintenance.js'
import {CA_COMPANIONS, configForTarget} from '../target-url.js'

/** Everything that can be known before the app is touched is known here, or the run ends with nothing touched. */
export const preflight: Step = {
  id: 'preflight',
  title: 'Preflight',
  window: 'before',
  undo: 'nothing',

  /** What was true before the window cannot be asked again inside it; until then it is asked anew in every run. */
  async done({journal}) {
    return (await journal.records()).some(({step, undoneAt}) => step === enterMaintenance.id && !undoneAt)
  },

  async run(migration) {
    const assessment = await migration.assess()
    refuseBlockers(assessment, migration)
    if (!(await noteOf(migration, 'targetBefore'))) await refuseForeignContents(migration.target)
    const planned = await Promise.all(assessment.apps.map((facts) => appBefore(migration, facts)))
    for (const app of planned) await tryFromDyno(migration, app)
    // The probes take a while: what the way back restores is what was true last.
    const fresh = (await migration.assess()).apps
    const apps = await Promise.all(fresh.map((facts) => appBefore(migration, facts)))
    await leaveNote(migration, 'apps', apps)
    const warnings = assessment.findings.filter(({level}) => level === 'warning')
    for (const {what} of warnings) migration.operator.tell(`warning: ${what}`)
    return `${apps.length === 1 ? 'the app reaches' : `${apps.length} apps reach`} the target with full verification; ${warnings.length} warnings`
  },
}

function refuseBlockers(assessment: Assessment, {method, settings}: Migration): void {
  const unknown = assessment.findings.find(({level, methods}) => level === 'unknown' && methods.length === 0)
  if (unknown) throw unverified('preflight_unknown', unknown.what, unknown.remedy)
  const blockers = blockersOf(assessment, method.id)
  if (blockers.length > 0) {
    const finding = assessment.findings.find(({what}) => what === blockers[0])
    throw refused(
      'not_ready',
      blockers.join('; '),
      ...(finding ? [finding.remedy] : []),
      `heroku rds:assess -a ${assessment.app} shows every finding`,
    )
  }
  const window = assessment.eligibility.find((entry) => entry.method === method.id)!.window
  if (settings.budgetSeconds !== undefined && window.seconds > settings.budgetSeconds) {
    throw refused(
      'budget_too_small',
      `${method.title} needs about ${window.seconds} s, more than the budget of ${settings.budgetSeconds} s`,
      'allow a longer --budget',
    )
  }
}

async function appBefore({heroku, settings}: Migration, facts: AppFacts): Promise<AppBefore> {
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
    release: facts.release,
    attachments: facts.attachments.map(({name, namespace, configVars}) => ({name, namespace, configVars})),
    moving,
    keptAs: freeName(config),
    upBefore: [...new Set(dynos.filter(({state}) => state === 'up').map(({type}) => type))],
    companions: companionsOf(config, movingVars, settings.caFile),
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

/** The final URL, tried where it will be used: network, certificate, credentials, and Node's own driver where the app has it. */
async function tryFromDyno({heroku, targetUrl, settings}: Migration, app: AppBefore): Promise<void> {
  if (app.moving.length === 0) return
  const nonce = randomBytes(8).toString('hex')
  const config = configForTarget(app, targetUrl, settings.caFile)
  const [url] = Object.values(config)
  const node = `const {Client}=require('pg');const c=new Client({connectionString:process.env.DATABASE_URL});c.connect().then(()=>c.end()).catch(e=>{console.error('node-postgres: '+e.message);process.exit(3)})`
  const command = `psql "$DATABASE_URL" -XAtqc "select 'reached ${nonce}'" && if node -e "require.resolve('pg')" 2>/dev/null; then node -e "${node}"; fi`
  const {exitCode, output} = await heroku.runOneOff(app.name, command, {...config, DATABASE_URL: url!})
  if (exitCode === 0 && output.includes(`reached ${nonce}`)) return
  const reason = output.trim().split('\n').filter(Boolean).at(-1) ?? 'it said nothing'
  const suggestions = [
    'the security group of the target must admit the dynos of the app',
    `the file ${settings.caFile} must hold the certificate authority of RDS; name another with --ca-file`,
  ]
  if (exitCode === undefined)
    throw unverified(
      'dyno_probe_unknown',
      `Heroku did not tell whether ${app.name} reaches the target: ${reason}`,
      ...suggestions,
    )
  throw refused(
    'dyno_cannot_reach_target',
    `a one-off dyno of ${app.name} cannot use the target: ${reason}`,
    ...suggestions,
  )
}
