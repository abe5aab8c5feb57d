import type {Check} from '../../check.js'
import {ofTarget} from './of-target.js'

const roleSettings: Check = {
  id: 'target-role-settings',
  question: 'Does the role or the database of the target have settings, such as statement_timeout?',
  level: 'warning',
  example: {
    on: 'target',
    sql: `do $$ begin
      execute format('alter database %I set statement_timeout = %L', current_database(), '5s');
    end $$`,
    cure: `do $$ begin
      execute format('alter database %I reset statement_timeout', current_database());
    end $$`,
  },

  inspect: ({targetFacts}) =>
    ['statement_timeout', 'idle_in_transaction_session_timeout', 'default_transaction_read_only', 'TimeZone'].flatMap(
      (name) => {
        const value = targetFacts?.settings[name]
        if (value === null || value === undefined || ['0', 'off', 'UTC'].includes(value)) return []
        return [
          {
            what: `${name} is ${value} for the role or the database of the target`,
            remedy: 'make sure that the app expects it, or reset it: Heroku Postgres does not set it by default',
          },
        ]
      },
    ),
}

const connections = ofTarget({
  id: 'target-connections',
  question: 'Does the target allow as many connections as the source (max_connections)?',
  level: 'warning',
  byHand: 'aws',
  failing: (target) => ({...target, connections: {used: 1, limit: 5}}),

  found({connections: {limit}}, {sourceFacts}) {
    if (limit >= sourceFacts.connections.limit || limit >= 2 * sourceFacts.connections.used) return []
    return [
      {
        what: `the target allows ${limit} connections; ${sourceFacts.connections.used} of ${sourceFacts.connections.limit} are in use on the source`,
        remedy: 'choose a larger instance class, raise max_connections, or pool connections in the app',
      },
    ]
  },
})

const replicaRole: Check = {
  id: 'target-replica-role',
  question:
    'Can the role of the target set session_replication_role, so that triggers do not fire for applied changes?',
  level: 'warning',
  hinders: ['ordinary-statements'],
  example: {
    facts: (healthy) => ({...healthy, targetFacts: {...healthy.targetFacts!, replicaRole: false}}),
  },

  async inspect({target, targetFacts}) {
    if (!target || !targetFacts || targetFacts.replicaRole) return []
    const {role} = await target.queryOne<{role: string}>('select quote_ident(current_user) as role')
    return [
      {
        what: 'the role of the target is not allowed to set session_replication_role',
        remedy: 'as the master user of the target, grant rds_superuser to it for the duration of the move',
        fix: `grant rds_superuser to ${role}`,
        runBy: 'target-master',
      },
    ]
  },
}

const logicalReplication = ofTarget({
  id: 'target-logical-replication',
  question: 'Is rds.logical_replication on, so that the target can be replicated from?',
  level: 'warning',
  hinders: ['subscription'],
  advisory: true,
  byHand: 'aws',
  failing: (target) => ({...target, settings: {...target.settings, 'rds.logical_replication': 'off'}}),

  found: ({settings}) =>
    ['off', '0'].includes(settings['rds.logical_replication'] ?? '')
      ? [
          {
            what: 'rds.logical_replication is off on the target',
            remedy:
              'set it to 1 in the parameter group and reboot before the move: later, it takes a restart of the live database',
          },
        ]
      : [],
})

const forceSsl = ofTarget({
  id: 'target-force-ssl',
  question: 'Does the target refuse connections without TLS (rds.force_ssl)?',
  level: 'warning',
  byHand: 'aws',
  failing: (target) => ({...target, settings: {...target.settings, 'rds.force_ssl': 'off'}}),

  found: ({settings}) =>
    ['off', '0'].includes(settings['rds.force_ssl'] ?? '')
      ? [
          {
            what: 'rds.force_ssl is off on the target',
            remedy: 'set it to 1 in the parameter group; it takes effect without a reboot',
          },
        ]
      : [],
})

export default [roleSettings, connections, replicaRole, logicalReplication, forceSsl] satisfies Check[]
