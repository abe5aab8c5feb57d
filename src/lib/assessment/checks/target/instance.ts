import type {RdsInstance} from '../../../ports/ports.js'
import type {Check} from '../../check.js'
import {known} from '../../../ports/fact.js'
import {ofInstance} from './of-target.js'

const aws = (instance: RdsInstance, change: string) =>
  instance.aurora
    ? `aws rds modify-db-cluster --db-cluster-identifier ${instance.id} ${change} --apply-immediately`
    : `aws rds modify-db-instance --db-instance-identifier ${instance.id} ${change} --apply-immediately`

const storage = ofInstance({
  id: 'target-storage',
  question: 'Is there room for the data and its indexes, half as much again?',
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
        what: `${instance.id} has ${(room / GiB).toFixed(0)} GiB left; the move needs ${(needed / GiB).toFixed(0)}`,
        remedy: 'enlarge its storage, which takes effect without a restart and can never be undone',
        fix: aws(instance, `--allocated-storage ${wanted}`),
      },
    ]
  },
})

const status = ofInstance({
  id: 'target-status',
  question: 'Is the target up, with nothing pending?',
  level: 'warning',
  failing: (instance) => ({...instance, pendingReboot: true}),

  found: (instance) =>
    instance.status === 'available' && !instance.pendingReboot
      ? []
      : [
          {
            what: `${instance.id} is ${instance.status}${instance.pendingReboot ? '; parameters wait for a reboot' : ''}`,
            remedy: 'let it finish, and reboot it before the window where parameters wait for it',
          },
        ],
})

const backups = ofInstance({
  id: 'target-backups',
  question: 'Will the target be backed up?',
  level: 'warning',
  failing: (instance) => ({...instance, backupRetentionDays: 0}),

  found: (instance) =>
    instance.backupRetentionDays > 0
      ? []
      : [
          {
            what: `${instance.id} keeps no backups`,
            remedy: 'right for the load; raise it before the window, as the change pauses its storage for a moment',
            fix: aws(instance, '--backup-retention-period 7'),
          },
        ],
})

const multiAz: Check = {
  ...ofInstance({
    id: 'target-multi-az',
    question: 'Does the target survive the loss of a zone, where the source does?',
    level: 'warning',
    failing: (instance) => ({...instance, multiAz: false}),

    found(instance, _target, {sourceFacts}) {
      const available = known(sourceFacts.info)['HA Status']?.[0]
      if (instance.multiAz || !available || /unavailable/i.test(available)) return []
      return [
        {
          what: `${instance.id} is in one zone; ${sourceFacts.addon} is highly available`,
          remedy: instance.aurora ? 'add a reader in another zone' : 'make it Multi-AZ once the load is done',
          ...(instance.aurora ? {} : {fix: aws(instance, '--multi-az')}),
        },
      ]
    },
  }),
  example: {
    facts: (healthy) => ({
      ...healthy,
      sourceFacts: {...healthy.sourceFacts, info: {'HA Status': ['Available']}},
      targetFacts: {...healthy.targetFacts!, instance: {...known(healthy.targetFacts!.instance), multiAz: false}},
    }),
  },
}

const deletionProtection = ofInstance({
  id: 'target-deletion-protection',
  question: 'Is the target protected against deletion?',
  level: 'warning',
  failing: (instance) => ({...instance, deletionProtection: false}),

  found: (instance) =>
    instance.deletionProtection
      ? []
      : [
          {
            what: `${instance.id} can be deleted with one call`,
            remedy: 'protect it before the window',
            fix: aws(instance, '--deletion-protection'),
          },
        ],
})

const encrypted = ofInstance({
  id: 'target-encryption',
  question: 'Is the storage of the target encrypted, as that of Heroku Postgres is?',
  level: 'warning',
  failing: (instance) => ({...instance, encrypted: false}),

  found: (instance) =>
    instance.encrypted
      ? []
      : [
          {
            what: `the storage of ${instance.id} is not encrypted`,
            remedy: 'create it anew, encrypted: it cannot be changed later',
          },
        ],
})

export default [storage, status, backups, multiAz, deletionProtection, encrypted] satisfies Check[]
