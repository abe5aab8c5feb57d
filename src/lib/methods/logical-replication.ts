import {dumpRestore} from './dump-restore.js'
import type {Method} from './method.js'
import {replicationObstacles} from './replication-probe.js'
import {tryConstraints} from './steps/capture.js'
import {copySchema, vacuumCopy} from './steps/copy.js'
import {attachConstraintsStep, validateConstraints} from './steps/copy-constraints.js'
import {beginReplicating, publishStep, subscribeStep} from './steps/replication.js'
import {copyPublishedRows} from './steps/replication-copy.js'
import {catchUpReplication, followReplication} from './steps/replication-following.js'
import {drainReplication, endReplication, verifyReplicated} from './steps/replication-window.js'

/** Postgres' own publication and subscription, where the source lets its owner replicate. */
export const logicalReplication: Method = {
  id: 'logical-replication',
  title: 'Logical replication',
  available: true,
  obstacles: replicationObstacles,
  before: [
    publishStep,
    copySchema('replicated'),
    copyPublishedRows,
    tryConstraints('replicated'),
    vacuumCopy,
    subscribeStep,
    beginReplicating,
  ],
  ready: [catchUpReplication],
  drain: [drainReplication, attachConstraintsStep],
  verify: verifyReplicated,
  after: [endReplication, validateConstraints],
  follow: followReplication,

  estimate: (assessment) => [
    {step: drainReplication.id, what: 'drain the replication lag', seconds: 10},
    ...dumpRestore.estimate(assessment).filter(({step}) => step === verifyReplicated.id),
  ],
}
