import {verifyAll} from '../runbook/steps/verify.js'
import type {Method} from './method.js'

/** AWS Database Migration Service with change data capture; needs logical decoding on the source as well. */
export const dms: Method = {
  id: 'dms',
  title: 'AWS DMS',
  available: false,
  needs: ['logical-decoding', 'ordinary-statements'],
  before: [],
  ready: [],
  drain: [],
  verify: verifyAll,
  after: [],
  estimate: () => [
    {step: 'drain', what: 'drain the replication lag', seconds: 60},
    {step: verifyAll.id, what: 'verify what changed last', seconds: 180},
  ],
}
