import type {OpenMigration} from '../open/migration.js'
import {runbookFor} from '../playbook.js'
import {PATIENCE} from '../runbook/patience.js'
import {rollback, undoneByWindow} from '../runbook/rollback.js'
import {finish} from '../runbook/steps/finish.js'

/** Undoes what the window did, newest step first; returns the titles of what was undone. A copy that follows stays. */
export async function rollBack(migration: OpenMigration): Promise<string[]> {
  const heroku = migration.heroku.under(migration.signal, PATIENCE.closed)
  return rollback(undoneByWindow([...runbookFor(migration.method), finish], migration), {...migration, heroku})
}
