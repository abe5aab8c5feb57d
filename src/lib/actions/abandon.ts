import {refused} from '../ports/errors.js'
import type {Migration} from '../runbook/migration.js'
import {rollback} from '../runbook/rollback.js'
import type {Step} from '../runbook/step.js'
import {inWindow} from '../journal/in-window.js'

/** Undoes everything that was started, for a migration that is given up. A window is rolled back first, by its own command. */
export async function abandon(steps: readonly Step[], migration: Migration): Promise<string[]> {
  const open = await inWindow(migration)
  if (open) {
    throw refused(
      'in_window',
      `${migration.app} is in its window, or runs on RDS already`,
      `heroku rds:rollback -a ${migration.app} goes back first`,
    )
  }
  return rollback(steps, migration)
}
