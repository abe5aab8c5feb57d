import {failed} from '../errors.js'
import type {Queryable} from '../ports.js'

/**
 * Which server this is, and on which timeline. After a failover to a standby that lacked the last commits the timeline is
 * another one, and the target may hold what the source has lost.
 */
export async function sourceServer(db: Queryable): Promise<string> {
  const [row] = await db.query<{recovering: boolean; system: string; timeline: string}>(`
    select pg_is_in_recovery() as recovering,
      coalesce(case when has_function_privilege('pg_control_system()', 'execute') then (select system_identifier::text from pg_control_system()) end, 'hidden') as system,
      case when pg_is_in_recovery() then '' else substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) end as timeline`)
  if (row!.recovering) {
    throw failed(
      'source_is_follower',
      'the source is a follower, which takes no writes',
      'name the leader: a follower can neither be captured nor frozen',
    )
  }
  return `${row!.system}/${row!.timeline}`
}
