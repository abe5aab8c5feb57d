import {setTimeout as delay} from 'node:timers/promises'

import {WORKING_TABLES} from '../src/lib/open/migration.js'
import type {Place} from './stage.js'
import {schemaDumpOf} from '../src/lib/adapters/pg-dump.js'
import {capturedTables} from '../src/lib/capture/captured.js'
import {follow, syncLive} from '../src/lib/capture/follow.js'
import type {Synced} from '../src/lib/capture/sync.js'
import {sourceGuard} from '../src/lib/fence/claim.js'
import {USUAL_PACE} from '../src/lib/flow/pace.js'
import {beginMigration, journalOn, targetGuard} from '../src/lib/journal/journal.js'
import {changeCapture} from '../src/lib/methods/change-capture/index.js'
import type {Clock, Database, FollowState, Operator} from '../src/lib/ports/ports.js'
import {identityOf} from '../src/lib/postgres/identity.js'
import type {Migration} from '../src/lib/runbook/migration.js'
import {run} from '../src/lib/runbook/run.js'
import {claimTarget} from '../src/lib/runbook/steps/claim-target.js'
import {installFence} from '../src/lib/runbook/steps/install-fence.js'
import {forward} from '../src/lib/runbook/migration.js'

export const clock: Clock = {
  now: () => new Date(),
  sleep: (ms, signal) => delay(ms, undefined, signal ? {signal} : {}),
}

export const never = new AbortController().signal

/** Nobody listens. */
export const silent = (following: (state: FollowState) => void = () => undefined): Operator => ({
  tell: () => undefined,
  step: () => undefined,
  copying: () => undefined,
  following,
  verifying: () => undefined,
  decideGate: () => Promise.resolve(false),
})

export interface Follower {
  /** Everything that `rds:start` does before it follows. */
  start(): Promise<void>
  /** Syncs until the target is equal to a snapshot of the source. */
  catchUp(): Promise<Synced>
  /** As `rds:start` does from then on, until the signal aborts. */
  follow(signal: AbortSignal, told?: (state: FollowState) => void): Promise<void>
}

/** A move by change capture without Heroku and without a window. `through` may stand between the tool and a database. */
export async function followerOf(
  source: Place,
  target: Place,
  through: (db: Database) => Database = (db) => db,
): Promise<Follower> {
  await beginMigration(
    target.db,
    {
      app: 'bench',
      addonId: 'x',
      addonName: 'x',
      method: 'change-capture',
      sourceIdentity: 'x',
    },
    WORKING_TABLES,
  )
  await target.db.query('update heroku_rds.migration set epoch = 1')
  const claim = {target: await identityOf(target.db), place: target.db.place, epoch: '1'}
  const migration = {
    app: 'bench',
    method: changeCapture,
    source: through(source.db),
    target: through(target.db),
    schemaDump: await schemaDumpOf(source.parts, source.tls, source.server.major),
    journal: journalOn(target.db, 'bench', '1'),
    claim,
    guard: {source: sourceGuard(claim), target: targetGuard('1')},
    operator: silent(),
    clock,
    settings: {caFile: '', gate: 'auto'},
    heroku: {under: () => undefined},
    signal: never,
  } as unknown as Migration

  return {
    start: () => run([claimTarget, installFence, ...changeCapture.before], migration),
    async catchUp() {
      const captured = await capturedTables(forward(migration))
      return syncLive({...forward(migration), ...captured})
    },
    follow: (signal, told) => follow({...forward(migration), signal, operator: silent(told)}, USUAL_PACE),
  }
}
