import {dumpRestore} from '../dump-restore.js'
import {copyPublishedRows} from './copy.js'
import {catchUpReplication, catchUpWithSource, followReplication, resumeFollowing} from './following.js'
import {beginReplicating, publishStep, subscribeStep} from './publish.js'
import {drainReplication, endReplication, verifyReplicated} from './window.js'
import type {Method} from '../method.js'
import {attachConstraintsStep, validateConstraints, tryConstraints} from '../shared/constraints.js'
import {copySchema, vacuumCopy} from '../shared/copy.js'
import {REPLICATION_LAG} from '../../replication/lag.js'

/** Postgres' own publication and subscription, where the source lets its owner replicate. */
export const logicalReplication: Method = {
  id: 'logical-replication',
  title: 'Logical replication',
  available: true,
  needs: ['logical-decoding', 'subscription'],
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
  follow: {
    makes: 'A publication and a replication slot are created, and a fence trigger on every table',
    begins: publishStep,
    keepInStep: followReplication,
    async catchUp(migration) {
      await resumeFollowing(migration)
      await catchUpWithSource(migration)
    },
    lag: REPLICATION_LAG,
  },

  estimate: (assessment) => [
    {step: drainReplication.id, what: 'drain the replication lag', seconds: 10},
    ...dumpRestore.estimate(assessment).filter(({step}) => step === verifyReplicated.id),
  ],
}
