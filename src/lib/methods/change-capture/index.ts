import {catchUp} from '../../capture/catch-up.js'
import {follow} from '../../capture/follow.js'
import {CAPTURE_LAG} from '../../capture/lag.js'
import {beginFollowing, catchUpStep, drainLog, installCaptureStep} from './steps.js'
import {refreshSchema} from './refresh-schema.js'
import {verifyBeforeWindow, verifyTouched} from './verify.js'
import {sampleWhileLive, verifyWhileLive} from '../../verify/live.js'
import type {Method} from '../method.js'
import {attachConstraintsStep, validateConstraints, tryConstraints} from '../shared/constraints.js'
import {copyAllRows, copySchema, vacuumCopy} from '../shared/copy.js'
import {forward} from '../../runbook/migration.js'
import {capturedTables} from '../../capture/captured.js'

/** Triggers on the source note the keys that change; needs nothing that Heroku withholds. */
export const changeCapture: Method = {
  id: 'change-capture',
  title: 'Change capture',
  available: true,
  needs: ['row-log', 'timeline'],
  before: [
    installCaptureStep,
    copySchema('captured'),
    copyAllRows('captured'),
    beginFollowing,
    tryConstraints('captured'),
    vacuumCopy,
  ],
  ready: [verifyBeforeWindow, catchUpStep],
  drain: [drainLog, attachConstraintsStep],
  verify: verifyTouched,
  after: [validateConstraints],
  follow: {
    makes: 'Triggers are created on every table',
    begins: installCaptureStep,
    keepInStep: (migration, pace) => follow(forward(migration), pace),
    async catchUp(migration) {
      await catchUp({...forward(migration), ...(await capturedTables(forward(migration)))})
    },
    lag: CAPTURE_LAG,
    async verifyLive(world, {sample, ...how}) {
      const captured = await capturedTables(world)
      return sample ? sampleWhileLive(world, captured) : verifyWhileLive(world, captured, how)
    },
    refreshSchema,
  },
  estimate: () => [
    {step: drainLog.id, what: 'drain the last changes', seconds: 10},
    {step: verifyTouched.id, what: 'verify the rows touched since the last verification', seconds: 20},
  ],
}
