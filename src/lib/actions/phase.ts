import type {Method} from '../methods/method.js'
import {preparationFor, runbookFor} from '../playbook.js'
import type {Journal, JournalRecords, StepRecord} from '../ports/ports.js'
import type {Step} from '../runbook/step.js'
import {finish} from '../runbook/steps/finish.js'

export type Phase =
  'copying' | 'finished' | 'following' | 'live' | 'not started' | 'prepared' | 'rolled back' | 'window'

/** Where a migration by this method stands. */
export const phaseOf = async (method: Method, journal: Journal): Promise<Phase> =>
  phaseIn(method, await journal.read([]))

/** The same of what was read. */
export function phaseIn(method: Method, {records, attempt}: JournalRecords): Phase {
  const {follow} = method
  return phaseFrom(
    runbookFor(method),
    records,
    attempt,
    follow && {begins: follow.begins, steps: preparationFor(method)},
  )
}

/** Where a migration stands, from what is in effect. `preparation`: what `rds:start` does, where a method follows. */
export function phaseFrom(
  steps: readonly Step[],
  records: readonly StepRecord[],
  attempt: number,
  preparation?: {begins: Step; steps: readonly Step[]},
): Phase {
  const inEffect = records.filter(({undoneAt}) => !undoneAt)
  if (inEffect.length === 0) return attempt > 1 ? 'rolled back' : 'not started'
  const recordOf = (step: Step) => inEffect.find((record) => record.step === step.id)
  if (recordOf(finish)?.finishedAt) return 'finished'
  const last = steps.findLast((step) => step.pointOfNoCheapReturn)
  if (last && recordOf(last)?.finishedAt) return 'live'
  if (steps.some((step) => step.window === 'inside' && recordOf(step))) return 'window'
  if (!preparation || !recordOf(preparation.begins)) return 'prepared'
  return preparation.steps.every((step) => recordOf(step)?.finishedAt) ? 'following' : 'copying'
}

/** The one command to run next. */
export function nextCommand(phase: Phase, app: string): string {
  const commands: Record<Phase, string> = {
    'not started': `heroku rds:assess -a ${app}`,
    'rolled back': `heroku rds:cutover -a ${app}`,
    prepared: `heroku rds:cutover -a ${app}`,
    copying: `heroku rds:start -a ${app} goes on with the copy`,
    following: `heroku rds:cutover -a ${app}; until then heroku rds:start -a ${app} keeps the copy in step`,
    window: `heroku rds:cutover -a ${app} goes on, heroku rds:rollback -a ${app} goes back`,
    live: `heroku rds:finish -a ${app} when the hold is over; heroku rds:rollback -a ${app} goes back while no write has landed on RDS`,
    finished: 'nothing: the app runs on RDS, and nothing of this plugin is left but its journal',
  }
  return commands[phase]
}
