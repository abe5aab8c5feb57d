import type {RdsInstance} from '../../../ports/ports.js'
import type {Check} from '../../check.js'
import {known} from '../../../ports/fact.js'
import {ofInstance} from './of-target.js'

/** Storage, backups and protection of a cluster's member are those of the cluster. */
const aws = ({id, clusterId}: RdsInstance, change: string) =>
  clusterId === null
    ? `aws rds modify-db-instance --db-instance-identifier ${id} ${change} --apply-immediately`
    : `aws rds modify-db-cluster --db-cluster-identifier ${clusterId} ${change} --apply-immediately`

const storage = ofInstance({
  id: 'target-storage',
  question: 'Does the target have room for 1.5 times the data and indexes?',
  level: 'blocker',
  dispensable: true,
  failing: (instance) => ({...instance, aurora: false, allocatedGiB: 0, maxAllocatedGiB: null}),

  found(instance, {bytesUsed}, {sourceFacts}) {
    if (instance.aurora) return []
    const GiB = 1024 ** 3
    const room = Math.max(instance.allocatedGiB, instance.maxAllocatedGiB ?? 0) * GiB - Number(bytesUsed)
    const needed = 1.5 * Number(sourceFacts.bytes)
    if (room >= needed) return []
    const wanted = Math.ceil(Math.max((needed + Number(bytesUsed)) / GiB, 1.1 * instance.allocatedGiB, 20))
    return [
      {
        what: `${instance.id} has ${(room / GiB).toFixed(0)} GiB free; the move needs ${(needed / GiB).toFixed(0)} GiB`,
        remedy: 'enlarge its allocated storage, which needs no restart and cannot be undone',
        fix: aws(instance, `--allocated-storage ${wanted}`),
        runBy: 'shell',
      },
    ]
  },
})

const status = ofInstance({
  id: 'target-status',
  question: 'Is the target available, with no reboot pending?',
  level: 'warning',
  failing: (instance) => ({...instance, pendingReboot: true}),

  found: (instance) =>
    instance.status === 'available' && !instance.pendingReboot
      ? []
      : [
          {
            what: `${instance.id} is ${instance.status}${instance.pendingReboot ? ', and its parameters are pending a reboot' : ''}`,
            remedy: 'wait until it is available, and reboot it before the window if parameters are pending',
          },
        ],
})

const backups = ofInstance({
  id: 'target-backups',
  question: 'Does the target keep automated backups?',
  level: 'warning',
  failing: (instance) => ({...instance, backupRetentionDays: 0}),

  found: (instance) =>
    instance.backupRetentionDays > 0
      ? []
      : [
          {
            what: `${instance.id} keeps no automated backups: its backup retention period is 0`,
            remedy: 'leave it at 0 for the load, and raise it before the window: the change pauses storage I/O briefly',
            fix: aws(instance, '--backup-retention-period 7'),
            runBy: 'shell',
          },
        ],
})

const multiAz: Check = {
  ...ofInstance({
    id: 'target-multi-az',
    question: 'Is the target Multi-AZ, if the source is highly available?',
    level: 'warning',
    failing: (instance) => ({...instance, multiAz: false}),

    found(instance, _target, {sourceFacts}) {
      const available = known(sourceFacts.info)['HA Status']?.[0]
      if (instance.multiAz || !available || /unavailable/i.test(available)) return []
      return [
        {
          what: `${instance.id} is in one availability zone; ${sourceFacts.addon} is highly available`,
          remedy: instance.aurora ? 'add a reader in another availability zone' : 'make it Multi-AZ after the load',
          ...(instance.clusterId === null ? {fix: aws(instance, '--multi-az'), runBy: 'shell' as const} : {}),
        },
      ]
    },
  }),
  example: {
    byHand: 'aws',
    facts: (healthy) => ({
      ...healthy,
      sourceFacts: {...healthy.sourceFacts, info: {'HA Status': ['Available']}},
      targetFacts: {...healthy.targetFacts!, instance: {...known(healthy.targetFacts!.instance), multiAz: false}},
    }),
  },
}

const deletionProtection = ofInstance({
  id: 'target-deletion-protection',
  question: 'Does the target have deletion protection?',
  level: 'warning',
  failing: (instance) => ({...instance, deletionProtection: false}),

  found: (instance) =>
    instance.deletionProtection
      ? []
      : [
          {
            what: `${instance.id} has no deletion protection: one call can delete it`,
            remedy: 'enable deletion protection before the window',
            fix: aws(instance, '--deletion-protection'),
            runBy: 'shell',
          },
        ],
})

const encrypted = ofInstance({
  id: 'target-encryption',
  question: 'Is the storage of the target encrypted, as on Heroku Postgres?',
  level: 'warning',
  failing: (instance) => ({...instance, encrypted: false}),

  found: (instance) =>
    instance.encrypted
      ? []
      : [
          {
            what: `the storage of ${instance.id} is not encrypted`,
            remedy: 'create it again with --storage-encrypted: encryption cannot be enabled later',
          },
        ],
})

const writerEndpoint = ofInstance({
  id: 'target-writer-endpoint',
  question: 'Does RDS_DATABASE_URL name the endpoint that stays with the writer?',
  level: 'warning',
  failing: (instance) => ({...instance, clusterId: 'shop', writer: {host: 'shop.cluster-abc.example', port: 5432}}),

  found({writer, clusterId}, {place}) {
    if (!writer || place.toLowerCase().startsWith(`${writer.host.toLowerCase()}:`)) return []
    return [
      {
        what: `RDS_DATABASE_URL leads to ${place}, which need not be the writer of cluster ${clusterId} after a failover`,
        remedy: `use the writer endpoint of the cluster, ${writer.host}`,
      },
    ]
  },
})

export default [storage, status, backups, multiAz, deletionProtection, encrypted, writerEndpoint] satisfies Check[]
