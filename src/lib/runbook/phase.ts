import type {StepRecord} from '../ports.js'
import type {Step} from './step.js'

export type Phase = 'live' | 'not started' | 'prepared' | 'rolled back' | 'window'

/** Where a migration stands, from what is in effect. */
export function phaseOf(steps: readonly Step[], records: readonly StepRecord[], attempt: number): Phase {
  const inEffect = records.filter(({undoneAt}) => !undoneAt)
  if (inEffect.length === 0) return attempt > 1 ? 'rolled back' : 'not started'
  const recordOf = (step: Step) => inEffect.find((record) => record.step === step.id)
  const last = steps.findLast((step) => step.pointOfNoCheapReturn)
  if (last && recordOf(last)?.finishedAt) return 'live'
  return steps.some((step) => step.window === 'inside' && recordOf(step)) ? 'window' : 'prepared'
}

/** The one command to run next. */
export function nextCommand(phase: Phase, app: string): string {
  const commands: Record<Phase, string> = {
    'not started': `heroku rds:assess -a ${app}`,
    'rolled back': `heroku rds:cutover -a ${app}`,
    prepared: `heroku rds:cutover -a ${app}`,
    window: `heroku rds:cutover -a ${app} goes on, heroku rds:rollback -a ${app} goes back`,
    live: `nothing; heroku rds:rollback -a ${app} goes back while no write has landed on RDS`,
  }
  return commands[phase]
}
