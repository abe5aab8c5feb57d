import {capturedTables} from '../../src/lib/capture/captured.js'
import {syncLive} from '../../src/lib/capture/follow.js'
import type {Synced} from '../../src/lib/capture/sync.js'
import {journalOn, targetGuard} from '../../src/lib/journal/journal.js'
import {schemaDumpOf} from '../../src/lib/adapters/pg-dump.js'
import {sourceGuard} from '../../src/lib/fence/claim.js'
import {identityOf} from '../../src/lib/postgres/identity.js'
import {changeCapture} from '../../src/lib/methods/change-capture/index.js'
import {claimTarget} from '../../src/lib/runbook/steps/claim-target.js'
import {installFence} from '../../src/lib/runbook/steps/install-fence.js'
import {forward, type Migration} from '../../src/lib/runbook/migration.js'
import * as live from '../../src/lib/verify/live.js'
import type {HowLive} from '../../src/lib/verify/live.js'
import {run} from '../../src/lib/runbook/run.js'
import type {Step} from '../../src/lib/runbook/step.js'
import {realClock} from './copy.js'
import {listener, type Source, type Target} from './servers.js'
import {silentHeroku} from './healthy.js'

/** A migration by change capture between two databases, without Heroku and without a window. */
export async function captureOf(source: Source, target: Target, signal = new AbortController().signal) {
  const claim = {target: await identityOf(target.db), place: target.db.place, epoch: '1'}
  await target.db.query(`update heroku_rds.migration set epoch = 1`)
  const migration = {
    app: 'shop',
    method: changeCapture,
    source: source.db,
    target: target.db,
    schemaDump: await schemaDumpOf(source.parts, source.tls, source.major),
    journal: journalOn(target.db, 'a test', '1'),
    claim,
    guard: {source: sourceGuard(claim), target: targetGuard('1')},
    operator: listener(),
    clock: realClock,
    settings: {caFile: '', gate: 'auto'},
    heroku: silentHeroku,
    signal,
  } as unknown as Migration

  const perform = (steps: readonly Step[]) => run(steps, migration)
  return {
    migration,
    perform,
    /** Everything that `rds:start` does before it follows. */
    start: () => perform([claimTarget, installFence, ...changeCapture.before]),
    /** What `rds:start --refresh-schema` does before it follows. */
    refreshSchema: () =>
      perform([claimTarget, installFence, changeCapture.follow!.refreshSchema!, ...changeCapture.before]),
    sync: async (): Promise<Synced> => syncLive({...forward(migration), ...(await capturedTables(forward(migration)))}),
  }
}

/* Verification of a migration, as its method does it. */

export const verifyWhileLive = async (migration: LiveMigration, how?: HowLive) =>
  live.verifyWhileLive(forward(migration), await capturedTables(forward(migration)), how)

export const verifyTouchedLive = async (migration: LiveMigration) =>
  live.verifyTouchedLive(forward(migration), await capturedTables(forward(migration)))

export const sampleWhileLive = async (migration: LiveMigration) =>
  live.sampleWhileLive(forward(migration), await capturedTables(forward(migration)))

type LiveMigration = Pick<
  Migration,
  'app' | 'clock' | 'guard' | 'journal' | 'operator' | 'signal' | 'source' | 'target'
>
