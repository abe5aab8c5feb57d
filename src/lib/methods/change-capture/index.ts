import {follow} from '../../capture/follow.js'
import {beginFollowing, catchUp, drainLog, installCaptureStep} from './steps.js'
import {takeIn} from './take-in.js'
import {verifyBeforeWindow, verifyTouched} from './verify.js'
import type {Method} from '../method.js'
import {attachConstraintsStep, validateConstraints, tryConstraints} from '../shared/constraints.js'
import {copyAllRows, copySchema, vacuumCopy} from '../shared/copy.js'

/** Triggers on the source note the keys that change; needs nothing that Heroku withholds. */
export const changeCapture: Method = {
  id: 'change-capture',
  title: 'Change capture',
  available: true,
  obstacles: () => [],
  before: [
    installCaptureStep,
    copySchema('captured'),
    copyAllRows('captured'),
    beginFollowing,
    tryConstraints('captured'),
    vacuumCopy,
  ],
  ready: [verifyBeforeWindow, catchUp],
  drain: [drainLog, attachConstraintsStep],
  verify: verifyTouched,
  after: [validateConstraints],
  takeIn,
  follow,
  estimate: () => [
    {step: 'drain', what: 'drain the last changes', seconds: 10},
    {step: 'verify', what: 'verify the rows touched since the last verification', seconds: 20},
  ],
}
