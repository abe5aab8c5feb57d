import {allEnded} from '../../flow/all-ended.js'
import {areAsBefore} from '../../apps/app-again.js'
import {appBefore, type AppSeen} from '../../apps/app-before.js'
import type {AppBefore} from '../../apps/app.js'
import {NOT_TRIED, tryFromDyno} from '../../apps/dyno-probe.js'
import {changingPass, newPass} from '../../fence/fence.js'
import {inWindow} from '../../journal/in-window.js'
import {noting} from '../../journal/journal.js'
import {leaveNote, leaveNoteAtEnd, noteOf} from '../../journal/notes.js'
import type {Assessment} from '../../ports/assessment.js'
import {ifKnown} from '../../ports/fact.js'
import {line} from '../../ports/figures.js'
import {messageOf, refused, unverified} from '../../ports/errors.js'
import {codeOf} from '../../postgres/sqlstate.js'
import {refuseForeignContents} from '../foreign-contents.js'
import type {Migration} from '../migration.js'
import type {Step} from '../step.js'

/** Everything that can be known before the app is touched is known here, or the run ends with nothing touched. */
export const preflight: Step = {
  id: 'preflight',
  title: 'Preflight',
  window: 'before',
  undo: 'nothing',

  /** What was true before the window cannot be asked again inside it; until then every run asks it again. */
  done: inWindow,

  async run(migration) {
    const assessment = await migration.assess()
    refuseBlockers(assessment, migration)
    if (!(await noteOf(migration, 'targetBefore'))) await refuseForeignContents(migration.target)
    const [seen] = await allEnded([
      readApps(assessment, migration),
      renewPass(migration),
      allEnded(assessment.apps.map(({name}) => migration.heroku.tryRights(name))),
    ])
    const untried = await untriedApps(migration, seen)
    const apps = await asTheyAreNow(migration, assessment, seen)
    await leaveNote(migration, 'apps', apps)
    const copy = assessment.copy && ifKnown(assessment.copy)
    if (copy) await leaveNote(migration, 'line', {bytesPerSecond: copy.bytesPerSecond})
    const told = assessment.findings.filter(
      ({level, methods}) =>
        (level === 'warning' || level === 'unknown') && (methods.length === 0 || methods.includes(migration.method.id)),
    )
    for (const {level, what} of told) migration.operator.tell(`${level}: ${what}`)
    const warnings = told.filter(({level}) => level === 'warning')
    const proven = apps.map(({name}) => name).filter((name) => !untried.includes(name))
    return [
      ...(proven.length > 0 ? [`${proven.join(', ')} reached the target with full verification`] : []),
      ...(untried.length > 0 ? [`whether ${untried.join(', ')} can reach it is not known, as accepted`] : []),
      ...linesOf(assessment.distance),
      `${warnings.length} warnings`,
    ].join('; ')
  },
}

/** Every run has a pass of its own: whatever is done, one reaches the logs of a server in the end. */
async function renewPass(migration: Migration): Promise<void> {
  const {target, guard} = migration
  const known = await noteOf(migration, 'fenceKey')
  if (known === undefined) return
  const fresh = newPass()
  await target.query(`${guard.target}; ${changingPass(known, fresh)}; ${noting('fenceKey', fresh)}`)
  await leaveNoteAtEnd(migration, 'fenceKey', fresh)
}

function linesOf(distance: Assessment['distance']): string[] {
  const [source, target] = [distance?.source, distance?.target].map((fact) => fact && ifKnown(fact))
  return [...(source ? [`${line(source)} from the source`] : []), ...(target ? [`${line(target)} to the target`] : [])]
}

const readApps = ({apps}: Assessment, {heroku, settings}: Migration): Promise<AppSeen[]> =>
  allEnded(apps.map((facts) => appBefore(heroku, facts, settings)))

/** Tries the target from a dyno of every app; returns those that could not try, where the operator accepts that. */
async function untriedApps(migration: Migration, seen: readonly AppSeen[]): Promise<string[]> {
  const {caFile, acceptUntriedTarget} = migration.settings
  const untried = seen.map(async (one) => {
    try {
      await tryFromDyno({...migration, caFile}, one)
      return []
    } catch (error) {
      if (codeOf(error) !== NOT_TRIED || !acceptUntriedTarget) throw error
      migration.operator.tell(`warning: ${messageOf(error)}`)
      return [one.app.name]
    }
  })
  return (await allEnded(untried)).flat()
}

/** The probes take a while, and what the way back restores is what was true last: where an app has changed, everything is assessed again. */
async function asTheyAreNow(migration: Migration, first: Assessment, seen: readonly AppSeen[]): Promise<AppBefore[]> {
  const apps = seen.map(({app}) => app)
  if (await areAsBefore(migration.heroku, migration.addon, first, apps)) return apps
  const again = await migration.assess()
  refuseBlockers(again, migration)
  refuseOtherApps(first, again)
  return (await readApps(again, migration)).map(({app}) => app)
}

/** An app that was not tried is not moved, and one that cannot be read any more would be left behind. */
function refuseOtherApps(first: Assessment, again: Assessment): void {
  const names = ({apps}: Assessment) => apps.map(({name}) => name).sort()
  const [before, now] = [names(first), names(again)]
  const changed = [...before.filter((name) => !now.includes(name)), ...now.filter((name) => !before.includes(name))]
  if (changed.length === 0) return
  throw unverified(
    'apps_changed',
    `which apps have the database attached changed during the preflight: ${changed.join(', ')}`,
    'run the same command again',
  )
}

function refuseBlockers(assessment: Assessment, {method, settings}: Migration): void {
  const {because, window} = assessment.eligibility.find((entry) => entry.method === method.id)!
  if (because.length > 0) {
    const findings = assessment.findings.filter(({check, level}) => level !== 'unknown' && because.includes(check))
    throw refused(
      'not_ready',
      findings.map(({what}) => what).join('; '),
      findings[0]!.remedy,
      `heroku rds:assess -a ${assessment.app} shows every finding`,
    )
  }
  const unknown = assessment.findings.find(({decisive, methods}) => decisive && methods.length === 0)
  if (unknown) throw unverified('preflight_unknown', unknown.what, unknown.remedy)
  if (settings.budgetSeconds !== undefined && window.seconds > settings.budgetSeconds) {
    throw refused(
      'budget_too_small',
      `${method.title} needs about ${Math.ceil(window.seconds)} s, more than the budget of ${settings.budgetSeconds} s`,
      'allow a longer --budget',
    )
  }
}
