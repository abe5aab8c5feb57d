import type {OpenMigration} from '../open/migration.js'
import {runbookFor} from '../playbook.js'
import {rollback} from '../runbook/rollback.js'
import {refuseWindow} from '../journal/in-window.js'

/** Undoes everything that was started, for a migration that is given up. A window is rolled back first, by its own command. */
export async function abandon(migration: OpenMigration): Promise<string[]> {
  await refuseWindow(migration)
  return rollback(runbookFor(migration.method), migration)
}
