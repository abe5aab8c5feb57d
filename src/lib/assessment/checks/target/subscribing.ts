import {settingsThatLog} from '../../../replication/password-log.js'
import type {Check} from '../../check.js'
import {answering} from '../answering.js'

const maySubscribe: Check = {
  id: 'target-may-subscribe',
  question: 'Can the role of the target create a subscription?',
  level: 'warning',
  hinders: ['subscription'],
  example: {facts: (healthy) => ({...healthy, target: answering(healthy.target!, {role: 'app', may: false})})},

  async inspect({target, targetFacts}) {
    if (!target || !targetFacts) return []
    // Before Postgres 16, only a superuser can create a subscription; on RDS, rds_superuser.
    const row = await target.queryOne<{role: string; may: boolean}>(`
      select quote_ident(current_user) as role,
        exists (
          select from pg_roles r
          where r.rolname in ('rds_superuser', 'pg_create_subscription') and pg_has_role(r.oid, 'USAGE')
            or r.rolname = current_user and r.rolsuper) as may`)
    if (row.may) return []
    return targetFacts.major >= 16
      ? [
          {
            what: `${row.role} is not allowed to create a subscription on the target`,
            remedy: 'as the master user of the target, grant pg_create_subscription to it for the duration of the move',
            fix: `grant pg_create_subscription to ${row.role}`,
            runBy: 'target-master',
          },
        ]
      : [
          {
            what: `${row.role} is not allowed to create a subscription on the target: before Postgres 16 only rds_superuser can`,
            remedy:
              'create the target with Postgres 16 or newer, or grant rds_superuser to it for the duration of the move',
            fix: `grant rds_superuser to ${row.role}`,
            runBy: 'target-master',
          },
        ]
  },
}

const passwordLogged: Check = {
  id: 'target-logs-passwords',
  question: 'Would the target log the password of the source (log_statement)?',
  level: 'warning',
  hinders: ['subscription'],
  example: {
    byHand: 'aws',
    facts: (healthy) => ({
      ...healthy,
      target: answering(healthy.target!, {name: 'log_statement', setting: 'all'}),
    }),
  },

  async inspect({target}) {
    const settings = target ? await settingsThatLog(target) : []
    if (settings.length === 0) return []
    return [
      {
        // eslint-disable-next-line local/sql-width -- plain English, though it begins like SQL
        what: `create subscription contains the password of the source, which the target would log: ${settings.join(', ')}`,
        remedy: 'change these settings in the parameter group for the duration of the move, or use another method',
      },
    ]
  },
}

export default [maySubscribe, passwordLogged] satisfies Check[]
