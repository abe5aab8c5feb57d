import {readPostData} from '../../copy/copy-schema.js'
import type {Migration} from '../../runbook/migration.js'
import {prepareToWatch} from '../../way-back/landed-writes.js'

/** What the window would have to do while nobody can write, and can as well be done before. */
export async function prepareWindow(migration: Migration): Promise<void> {
  await readPostData(migration)
  await prepareToWatch(migration.target, migration.guard.target)
}
