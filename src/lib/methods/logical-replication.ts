import {verifyAll} from '../runbook/steps/verify.js'
import type {Method} from './method.js'
import {replicationObstacles} from './replication-probe.js'

/** Postgres' own publication and subscription, where the source lets its owner replicate. */
export const logicalReplication: Method = {
  id: 'logical-replication',
  title: 'Logical replication',
  available: false,
  obstacles: replicationObstacles,
  before: [],
  ready: [],
  drain: [],
  verify: verifyAll,
  after: [],
  estimate: () => [
    {step: 'drain', what: 'drain the replication lag', seconds: 30},
    {step: 'verify', what: 'verify what changed last', seconds: 120},
  ],
}
