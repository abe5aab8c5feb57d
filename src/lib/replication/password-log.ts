import {failed} from '../ports/errors.js'
import type {Queryable} from '../ports/ports.js'

/**
 * SQL on `pg_settings`: what would write the password of the source down on the target. It travels as a parameter, which is logged with
 * every statement, or with every slow one where none is quick enough; extensions may look into the block that uses it.
 */
const KEEPS_PASSWORDS = `
  name = 'log_statement' and setting = 'all'
  or name in ('log_min_duration_statement', 'log_min_duration_sample') and setting = '0'
  or name = 'log_transaction_sample_rate' and setting <> '0'
  or name = 'pg_stat_statements.track' and setting = 'all'
  or name = 'pgaudit.log' and setting ~* '(^|[ ,])(all|ddl|misc)'`

/** Settings of the target, in words, that keep a subscription from being made in confidence. */
export async function settingsThatLog(target: Queryable): Promise<string[]> {
  const rows = await target.query<{name: string; setting: string}>(
    `select name, setting from pg_settings where ${KEEPS_PASSWORDS} order by 1`,
  )
  return rows.map(({name, setting}) => `${name} = ${setting}`)
}

export async function refuseLogging(target: Queryable): Promise<void> {
  const settings = await settingsThatLog(target)
  if (settings.length === 0) return
  throw failed(
    'password_would_be_logged',
    `the target would write the password of the source into its log or statistics: ${settings.join(', ')}`,
    'change these settings in its parameter group for the duration of the move',
  )
}
