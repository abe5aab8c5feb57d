import {phaseOf} from './phase.js'
import {isFinished} from '../journal/records.js'
import {noteOf} from '../journal/notes.js'
import {EXIT, RdsError, refused} from '../ports/errors.js'
import type {OpenMigration} from '../open/migration.js'
import {run} from '../runbook/run.js'
import {finish as finishStep} from '../runbook/steps/finish.js'

/** How long the source stays frozen as the way back, unless the operator ends the hold. */
export const HOLD_HOURS = 72

/** Ends a migration whose app runs on the target, once the hold is over or when the operator will not wait. */
export async function finishMigration(migration: OpenMigration, {now}: {now: boolean}): Promise<string> {
  const {app, journal, clock, method} = migration
  const phase = await phaseOf(method, journal)
  if (phase !== 'finished') {
    if (phase !== 'live') {
      throw refused(
        'not_live',
        `${app} does not run on RDS: the phase of its migration is "${phase}"`,
        `heroku rds:status -a ${app} shows what comes next`,
        `heroku rds:start --abandon -a ${app} gives the migration up`,
      )
    }
    const opened = await noteOf(migration, 'opened')
    const over = opened ? Date.parse(opened.at) + HOLD_HOURS * 3600 * 1000 : 0
    if (!now && clock.now().getTime() < over) {
      throw refused(
        'on_hold',
        `the source is the way back until ${new Date(over).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
        `heroku rds:finish -a ${app} --now ends the hold earlier`,
      )
    }
  }
  const records = await journal.records()
  const left = phase === 'finished' ? [] : method.after.filter((step) => !isFinished(records, step))
  await run([...left, finishStep], migration)
  return (await journal.records()).find(({step}) => step === finishStep.id)?.evidence ?? ''
}

/** A database is destroyed only by its name. */
export function refuseOtherName(name: string, addon: string): void {
  if (name === addon) return
  throw new RdsError(EXIT.usage, 'not_confirmed', `the source is ${addon}, not ${name}; nothing was touched`, [
    `--destroy-source ${addon}`,
  ])
}
