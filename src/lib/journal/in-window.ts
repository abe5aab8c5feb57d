import {refused, type RdsError} from '../ports/errors.js'
import type {Journal} from '../ports/ports.js'
import {inEffect} from './records.js'

/** The step with which a window begins. */
export const WINDOW_BEGINS = 'enter-maintenance'

/** The window has begun and was not undone; it stays so after it, for as long as the app is on the target. */
export const inWindow = async ({journal}: {journal: Journal}): Promise<boolean> =>
  inEffect(await journal.records(), {id: WINDOW_BEGINS}) !== undefined

/** For what belongs before it: the app may be on the target already. */
export async function refuseWindow(migration: {app: string; journal: Journal}): Promise<void> {
  if (await inWindow(migration)) throw windowBegan(migration.app)
}

const windowBegan = (app: string): RdsError =>
  refused(
    'in_window',
    `the window of ${app} has begun, or is over: nothing more is copied`,
    `heroku rds:status -a ${app} shows what comes next`,
    `heroku rds:rollback -a ${app} goes back first, to start over`,
  )
