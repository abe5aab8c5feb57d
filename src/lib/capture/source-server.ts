import {failed} from '../ports/errors.js'
import type {Queryable} from '../ports/ports.js'
import type {Unit} from './units.js'

/**
 * Which server this is, and on which timeline: after a failover to a standby that lacked the last commits the timeline is another
 * one, and the target may hold what the source has lost. Where tables are unlogged, since when it runs as well: a crash empties them
 * without any trigger.
 */
export async function sourceServer(db: Queryable, units: readonly Unit[]): Promise<string> {
  const row = await db.queryOne<{recovering: boolean; system: string; timeline: string; started: string}>(`
    select pg_is_in_recovery() as recovering, pg_postmaster_start_time()::text as started,
      coalesce(case when has_function_privilege('pg_control_system()', 'execute') then (select system_identifier::text from pg_control_system()) end, 'hidden') as system,
      case when pg_is_in_recovery() then '' else substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) end as timeline`)
  if (row.recovering) {
    throw failed(
      'source_is_follower',
      'the source is a follower, which takes no writes',
      'name the leader: a follower can neither be captured nor frozen',
    )
  }
  const server = `${row.system}/${row.timeline}`
  return units.some(({unlogged}) => unlogged) ? `${server}/${row.started}` : server
}

/** Why a sync cannot go on with the server the source is on now. */
export function sourceChanged(before: string, now: string): Error {
  const remedy = 'heroku rds:verify --repair compares every row and brings again what differs'
  const [was, is] = [before.split('/'), now.split('/')]
  return was[0] === is[0] && was[1] === is[1]
    ? failed('source_restarted', 'the source was restarted: a crash would have emptied its unlogged tables', remedy)
    : failed(
        'source_failed_over',
        `the source has failed over (it was ${before}, it is ${now}): it may have lost commits that the target has`,
        remedy,
      )
}
