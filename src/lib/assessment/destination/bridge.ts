import {parsePlan} from '../plan.js'
import type {SourceFacts} from '../../ports/assessment.js'

/** Where a copy through plain COPY takes days, a standby fed with the source's WAL is the better way. */
const TOO_LARGE_BYTES = 1.5e12
const COPY_BYTES_PER_HOUR = 100e9

/**
 * The plan for a database that should not be copied through a client: Heroku's support has handed out WAL archives of
 * Standard and higher plans on request – an exception it may refuse – and a standby outside can be promoted and replicated from.
 */
export function bridgeFor({addon, plan, bytes, major, activity, largest}: SourceFacts): string[] | undefined {
  const size = Number(bytes)
  if (size < TOO_LARGE_BYTES || parsePlan(plan).tier === 'essential') return undefined
  const terabytes = (size / 1e12).toFixed(1)
  const hours = Math.ceil(size / COPY_BYTES_PER_HOUR)
  const writes = activity ? ` (${Math.round(activity.rowsPerSecond)} rows are written each second)` : ''
  return [
    `A copy of ${terabytes} TB by COPY takes about ${hours} hours at 100 GB an hour, while changes pile up${writes}.`,
    `Ask Heroku support, by ticket, for the WAL archive and a base backup of ${addon}; it is an exception, and Heroku may decline.`,
    `Restore them on EC2 in the region of the database: Postgres ${major} on the same libc, a volume of ${(1.3 * (size / 1e12)).toFixed(1)} TB, WAL replayed until the lag is seconds.`,
    `Promote that standby inside a window, or let it follow and take its snapshot as the start: with wal_level = logical and a slot it becomes a source that can replicate.`,
    `Replicate from it to RDS: heroku rds:assess with RDS_DATABASE_URL set to the target, then the method logical-replication${largest[0] ? `; ${largest[0].name} alone is ${(largest[0].bytes / 1e9).toFixed(0)} GB` : ''}.`,
    `Freeze and switch with heroku rds:cutover as for any other database.`,
  ]
}
