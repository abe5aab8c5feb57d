import {verifyAll} from '../runbook/steps/verify.js'
import type {Method} from './method.js'
import {replicationObstacles} from './shared/decoding-obstacles.js'

/** AWS Database Migration Service with change data capture; needs logical decoding on the source as well. */
export const dms: Method = {
  id: 'dms',
  title: 'AWS DMS',
  available: false,
  obstacles: replicationObstacles,
  before: [],
  ready: [],
  drain: [],
  verify: verifyAll,
  after: [],
  estimate: () => [
    {step: 'drain', what: 'drain the replication lag', seconds: 60},
    {step: 'verify', what: 'verify what changed last', seconds: 180},
  ],
}
