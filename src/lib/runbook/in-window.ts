import {refused} from '../errors.js'
import type {Migration} from './migration.js'
import {enterMaintenance} from './steps/enter-maintenance.js'

/** The window has begun and was not undone; it stays so after it, for as long as the app is on the target. */
export const inWindow = async ({journal}: Pick<Migration, 'journal'>): Promise<boolean> =>
  (await journal.records()).some(({step, undoneAt}) => step === enterMaintenance.id && !undoneAt)

/** For what belongs before it: the app may be on the target already. */
export async function refuseWindow(migration: Pick<Migration, 'app' | 'journal'>): Promise<void> {
  if (await inWindow(migration)) {
    throw refused(
      'in_window',
      `the window of ${migration.app} has begun, or is over: there is nothing to copy any more`,
      `heroku rds:status -a ${migration.app} shows where it stands, and what comes next`,
    )
  }
}
