import {failed} from '../ports/errors.js'
import type {Queryable} from '../ports/ports.js'
import type {CapturedTable} from './captured-table.js'

/**
 * Which server this is, and on which timeline: after a failover to a standby that lacked the last commits the timeline is another
 * one, and the copy may hold what the server has lost. Where tables are unlogged, also since when it has been running: a crash empties
 * them without firing a trigger.
 */
export async function serverOf(db: Queryable, tables: readonly CapturedTable[]): Promise<string> {
  const row = await db.queryOne<{recovering: boolean; system: string; timeline: string; started: string}>(`
    select pg_is_in_recovery() as recovering,
      pg_postmaster_start_time()::text as started,
      coalesce(
        case when has_function_privilege('pg_control_system()', 'execute')
          then (select system_identifier::text from pg_control_system()) end,
        'hidden') as system,
      case when pg_is_in_recovery() then '' else substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) end as timeline`)
  if (row.recovering) {
    throw failed(
      'source_is_follower',
      'the database to copy from is a follower, which takes no writes',
      'name the leader: a follower can neither be captured nor frozen',
    )
  }
  const server = `${row.system}/${row.timeline}`
  return tables.some(({unlogged}) => unlogged) ? `${server}/${row.started}` : server
}

/** Why a sync cannot go on with the server it reads now. */
export function serverChanged(side: string, before: string, now: string): Error {
  const remedy = 'heroku rds:verify --repair compares every row and copies again what differs'
  const [was, is] = [before.split('/'), now.split('/')]
  return was[0] === is[0] && was[1] === is[1]
    ? failed('source_restarted', `the ${side} was restarted: a crash would have emptied its unlogged tables`, remedy)
    : failed(
        'source_failed_over',
        `the ${side} has failed over (it was ${before}, it is ${now}): it may have lost commits that the copy has`,
        remedy,
      )
}
