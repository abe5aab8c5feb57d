import type {Check} from '../../check.js'
import {ofTarget} from './of-target.js'

const roleSettings = ofTarget({
  id: 'target-role-settings',
  question: 'Do settings of the role or database of the target get in the way?',
  level: 'warning',
  failing: (target) => ({...target, settings: {...target.settings, statement_timeout: '5s'}}),

  found: ({settings}) =>
    ['statement_timeout', 'idle_in_transaction_session_timeout', 'default_transaction_read_only', 'TimeZone'].flatMap(
      (name) => {
        const value = settings[name]
        if (value === null || value === undefined || ['0', 'off', 'UTC'].includes(value)) return []
        return [
          {
            what: `${name} is ${value} for the role or the database of the target`,
            remedy: 'make sure the app expects that: Heroku Postgres sets no such thing by itself',
          },
        ]
      },
    ),
})

const connections = ofTarget({
  id: 'target-connections',
  question: 'Does the target take as many connections as the source?',
  level: 'warning',
  failing: (target) => ({...target, connections: {used: 1, limit: 5}}),

  found({connections: {limit}}, {sourceFacts}) {
    if (limit >= sourceFacts.connections.limit || limit >= 2 * sourceFacts.connections.used) return []
    return [
      {
        what: `the target takes ${limit} connections; ${sourceFacts.connections.used} of ${sourceFacts.connections.limit} are used on the source`,
        remedy: 'take a larger class, raise max_connections, or pool connections in the app',
      },
    ]
  },
})

const replicaRole = ofTarget({
  id: 'target-replica-role',
  question: 'May triggers of the target be silenced while changes are applied?',
  level: 'warning',
  hinders: ['ordinary-statements'],
  failing: (target) => ({...target, replicaRole: false}),

  found: (target) =>
    target.replicaRole
      ? []
      : [
          {
            what: 'the role of the target may not set session_replication_role',
            remedy: 'as the master user of the target: grant rds_superuser to it for the time of the move',
          },
        ],
})

const logicalReplication = ofTarget({
  id: 'target-logical-replication',
  question: 'Can the target be replicated from?',
  level: 'warning',
  hinders: ['subscription'],
  advisory: true,
  failing: (target) => ({...target, settings: {...target.settings, 'rds.logical_replication': 'off'}}),

  found: ({settings}) =>
    ['off', '0'].includes(settings['rds.logical_replication'] ?? '')
      ? [
          {
            what: 'rds.logical_replication is off on the target',
            remedy: 'set it to 1 in its parameter group and reboot before the move: later it costs a restart',
          },
        ]
      : [],
})

const forceSsl = ofTarget({
  id: 'target-force-ssl',
  question: 'Does the target refuse connections without TLS?',
  level: 'warning',
  failing: (target) => ({...target, settings: {...target.settings, 'rds.force_ssl': 'off'}}),

  found: ({settings}) =>
    ['off', '0'].includes(settings['rds.force_ssl'] ?? '')
      ? [
          {
            what: 'rds.force_ssl is off on the target',
            remedy: 'set it to 1 in its parameter group; it takes effect at once',
          },
        ]
      : [],
})

export default [roleSettings, connections, replicaRole, logicalReplication, forceSsl] satisfies Check[]
