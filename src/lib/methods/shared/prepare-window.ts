import {readPostData} from '../../copy/copy-schema.js'
import {sendAutovacuumAway} from '../../postgres/table-lock.js'
import type {Migration} from '../../runbook/migration.js'
import {prepareToWatch} from '../../fence/landed-writes.js'

/** Work of the window, during which no session can write, that can as well be done before. */
export async function prepareWindow(migration: Migration): Promise<void> {
  await readPostData(migration)
  await prepareToWatch(migration.target, migration.guard.target)
}

/** The last thing before the window: its barrier, and its foreign keys, would wait a second for every autovacuum. */
export async function clearTheWay({source, target}: Migration): Promise<void> {
  await Promise.all([sendAutovacuumAway(source), sendAutovacuumAway(target)])
}
