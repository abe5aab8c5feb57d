import {settingsThatLog} from '../../../replication/password-log.js'
import type {Check} from '../../check.js'
import {answering} from '../answering.js'

const maySubscribe: Check = {
  id: 'target-may-subscribe',
  question: 'May the role of the target subscribe to another server?',
  level: 'warning',
  hinders: ['subscription'],
  example: {facts: (healthy) => ({...healthy, target: answering(healthy.target!, {role: 'app', may: false})})},

  async inspect({target, targetFacts}) {
    if (!target || !targetFacts) return []
    // Before 16 it takes a superuser, or the role that stands for one on RDS.
    const row = await target.queryOne<{role: string; may: boolean}>(`
      select quote_ident(current_user) as role, exists (
        select from pg_roles r where r.rolname in ('rds_superuser', 'pg_create_subscription') and pg_has_role(r.oid, 'USAGE')
          or r.rolname = current_user and r.rolsuper) as may`)
    if (row.may) return []
    return targetFacts.major >= 16
      ? [
          {
            what: `${row.role} may not subscribe to another server`,
            remedy: 'as the master user of the target, for the time of the move: grant pg_create_subscription to it',
            fix: `grant pg_create_subscription to ${row.role}`,
          },
        ]
      : [
          {
            what: `${row.role} may not subscribe to another server: before Postgres 16 only rds_superuser may`,
            remedy:
              'create the target with Postgres 16 or newer, or grant rds_superuser to it for the time of the move',
            fix: `grant rds_superuser to ${row.role}`,
          },
        ]
  },
}

const passwordLogged: Check = {
  id: 'target-logs-passwords',
  question: 'Would the target write the password of the source into its log?',
  level: 'warning',
  hinders: ['subscription'],
  example: {
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
        what: `a subscription is made with the password of the source, which the target would log: ${settings.join(', ')}`,
        remedy: 'change these settings in its parameter group for the time of the move, or take another method',
      },
    ]
  },
}

export default [maySubscribe, passwordLogged] satisfies Check[]
