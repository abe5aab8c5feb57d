import type {AppNow} from '../apps/app-now.js'
import type {Claimed} from '../fence/claim.js'
import type {FenceState} from '../fence/fence.js'
import {inEffect, isFinished} from '../journal/records.js'
import type {Notes} from '../journal/notes.js'
import type {StepRecord} from '../ports/ports.js'
import {whyOver} from '../runbook/ended-window.js'
import type {Step} from '../runbook/step.js'
import {open} from '../runbook/steps/open.js'
import {stopWriters} from '../runbook/steps/stop-writers.js'
import {switchApps} from '../runbook/steps/switch-apps.js'
import {nextCommand, type Phase} from './phase.js'

export interface WorldSeen {
  app: string
  phase: Phase
  records: readonly StepRecord[]
  notes: Partial<Notes>
  fences: {source: FenceState; target: FenceState}
  /** What the source keeps of a window. */
  kept: Claimed['window']
  /** None where Heroku did not answer. */
  apps: readonly AppNow[]
}

/** What both databases and Heroku show that the journal does not expect, and the command that leads out. */
export function contradictionsIn(steps: readonly Step[], seen: WorldSeen): {told: string[]; next: string} {
  const {app, phase, fences} = seen
  const usual = nextCommand(phase, app)
  switch (phase) {
    case 'window': {
      const over = whyOver(steps, {...seen, fence: fences.source, open: openOf(seen.apps)})
      if (over !== undefined) {
        return {
          told: [`the journal has a window under way, but ${over}`],
          next: `heroku rds:cutover -a ${app} undoes what that window left and begins a new one, heroku rds:rollback -a ${app} only undoes it`,
        }
      }
      // Past the gate the apps are on their way out of the window.
      return {told: inEffect(seen.records, open) ? [] : inTheWindow(seen), next: usual}
    }
    case 'live': {
      const told = afterIt(seen)
      const closed = fences.target === 'raised' || seen.apps.some(({maintenance}) => maintenance)
      if (told.length > 0 && closed) return {told, next: nextCommand('window', app)}
      const left = steps.find((step) => step.window === 'after' && !isFinished(seen.records, step))
      const goesOn = `heroku rds:cutover -a ${app} goes on with what is left: ${left?.title.toLowerCase()}`
      return {told, next: left ? `${goesOn}; then ${usual}` : usual}
    }
    case 'finished':
      return {told: [], next: usual}
    default:
      return seen.kept ? restored(app, seen.kept) : {told: [], next: usual}
  }
}

function restored(app: string, {opened}: Partial<Notes>): {told: string[]; next: string} {
  const told =
    'the journal is older than the window that the source knows of: the target was restored to an earlier state'
  return opened
    ? {
        told: [`${told}. ${app} went live on it at ${opened.at}, and what it wrote since is not there`],
        next: 'restore the target to a later moment',
      }
    : {told: [told], next: `heroku rds:rollback -a ${app} takes the window up again, and undoes it`}
}

const openOf = (apps: readonly AppNow[]): string[] => apps.filter(({maintenance}) => !maintenance).map(({name}) => name)

function inTheWindow({records, apps}: WorldSeen): string[] {
  return apps.flatMap(({name, running, toSource}) => [
    ...(isFinished(records, stopWriters) && running.length > 0
      ? [`${name} runs ${running.join(', ')}, which the window had stopped`]
      : []),
    ...(isFinished(records, switchApps) && toSource.length > 0
      ? [`${toSource.join(', ')} of ${name} leads to the source, although it was switched`]
      : []),
  ])
}

function afterIt({apps, notes, fences}: WorldSeen): string[] {
  const before = new Map((notes.apps ?? []).map((app) => [app.name, app]))
  return [
    ...(fences.source === 'raised' ? [] : ['the source takes writes, although the app is on RDS']),
    ...(fences.target === 'lowered' ? [] : ['the target refuses writes, although it was opened']),
    ...apps.flatMap(({name, maintenance, stopped, toSource}) => [
      ...(maintenance && !before.get(name)?.maintenance ? [`${name} is in maintenance, although it was opened`] : []),
      ...(stopped.length > 0 ? [`${stopped.join(', ')} of ${name} is scaled to 0; it ran before the window`] : []),
      ...(toSource.length > 0 ? [`${toSource.join(', ')} of ${name} leads to the source, which is frozen`] : []),
    ]),
  ]
}
