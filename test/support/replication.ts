import {expect} from 'chai'

import {journalOn, targetGuard} from '../../src/lib/adapters/journal.js'
import {schemaDumpOf} from '../../src/lib/adapters/pg-dump.js'
import {publisherOf} from '../../src/lib/adapters/replication.js'
import {sourceGuard} from '../../src/lib/freeze/claim.js'
import {identityOf} from '../../src/lib/identity.js'
import {logicalReplication} from '../../src/lib/methods/logical-replication.js'
import type {Migration} from '../../src/lib/runbook/migration.js'
import type {Step} from '../../src/lib/runbook/step.js'
import {claimTarget} from '../../src/lib/runbook/steps/claim-target.js'
import {installFence} from '../../src/lib/runbook/steps/install-fence.js'
import {realClock} from './copy.js'
import {ask, contentsOf, listener, type Source, type Target, until} from './servers.js'

/** A migration by logical replication between two databases, without Heroku and without a window. */
export async function replicationOf(source: Source, target: Target, signal = new AbortController().signal) {
  const claim = {target: await identityOf(target.db), place: target.db.place, epoch: '1'}
  await target.db.query(`update heroku_rds.migration set epoch = 1`)
  const operator = listener()
  const migration = {
    app: 'shop',
    method: logicalReplication,
    source: source.db,
    target: target.db,
    schemaDump: await schemaDumpOf(source.parts, source.tls, source.major),
    publisher: publisherOf(() => Promise.resolve(source.parts), source.tls),
    journal: journalOn(target.db, 'a test', '1'),
    claim,
    guard: {source: sourceGuard(claim), target: targetGuard('1')},
    operator,
    clock: realClock,
    settings: {caFile: '', gate: 'auto'},
    signal,
  } as unknown as Migration

  const perform = async (steps: readonly Step[], given: Migration = migration) => {
    for (const step of steps) if (!(await step.done(given))) await step.run(given)
  }
  const preparation = [claimTarget, installFence, ...logicalReplication.before]
  return {
    migration,
    told: operator.told,
    perform,
    /** Everything that `rds:start` does before it follows. */
    start: (given?: Migration) => perform(preparation, given),
    /** The same, up to a step. */
    startBefore: (id: string) =>
      perform(
        preparation.slice(
          0,
          preparation.findIndex((step) => step.id === id),
        ),
      ),
  }
}

/** Waits until both databases hold the same rows; shows the tables that never do. */
export async function untilEqual(source: Source, target: Target): Promise<void> {
  let different: string[] = []
  const compare = async () => {
    const [here, there] = [await contentsOf(source.superuserUrl), await contentsOf(target.superuserUrl)]
    different = [...new Set([...Object.keys(here), ...Object.keys(there)])]
      .filter((table) => here[table] !== there[table])
      .map((table) => `${table}\n${here[table]?.slice(0, 300)}\n–\n${there[table]?.slice(0, 300)}`)
    return different.length === 0
  }
  await until('equal contents', compare).catch(() => undefined)
  expect(different).to.deep.equal([])
}

/** What a replication leaves in the catalogs of both servers. */
export async function tracesOf(source?: Source, target?: Target): Promise<string[]> {
  const ofSource = source
    ? await ask<{name: string}>(
        source.superuserUrl,
        `select 'slot ' || slot_name as name from pg_replication_slots where database = current_database()
         union all select 'publication ' || pubname from pg_publication
         union all select 'heartbeat of the source' where to_regclass('heroku_rds.heartbeat') is not null`,
      )
    : []
  const ofTarget = target
    ? await ask<{name: string}>(
        target.superuserUrl,
        `select 'subscription ' || subname as name from pg_subscription where subdbid = (select oid from pg_database where datname = current_database())
         union all select 'heartbeat of the target' where to_regclass('heroku_rds.heartbeat') is not null`,
      )
    : []
  return [...ofSource, ...ofTarget].map(({name}) => name)
}
