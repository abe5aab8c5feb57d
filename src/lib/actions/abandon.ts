import {refused} from '../ports/errors.js'
import type {OpenMigration} from '../open/migration.js'
import {runbookFor} from '../playbook.js'
import {rollback} from '../runbook/rollback.js'
import {inWindow} from '../journal/in-window.js'

/** Undoes everything that was started, for a migration that is given up. A window is rolled back first, by its own command. */
export async function abandon(migration: OpenMigration): Promise<string[]> {
  const open = await inWindow(migration)
  if (open) {
    throw refused(
      'in_window',
      `${migration.app} is in its window, or runs on RDS already`,
      `heroku rds:rollback -a ${migration.app} goes back first`,
    )
  }
  return rollback(runbookFor(migration.method), migration)
}
