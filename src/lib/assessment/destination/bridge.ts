import {parsePlan} from '../plan.js'
import type {SourceFacts} from '../../ports/assessment.js'

/** Size from which a standby fed with the source's WAL is better than COPY, in bytes. */
const TOO_LARGE_BYTES = 1.5e12
/** Assumed rate of COPY, in bytes per hour. */
const COPY_BYTES_PER_HOUR = 100e9

/**
 * Steps for a database that is too large to copy through a client. Heroku support has given out WAL archives of Standard
 * and higher plans on request, as an exception; a standby restored from one can be promoted and replicated to RDS.
 */
export function bridgeFor({addon, plan, bytes, major, activity, largest}: SourceFacts): string[] | undefined {
  const size = Number(bytes)
  if (size < TOO_LARGE_BYTES || parsePlan(plan).tier === 'essential') return undefined
  const terabytes = (size / 1e12).toFixed(1)
  const hours = Math.ceil(size / COPY_BYTES_PER_HOUR)
  const writes = activity ? ` (${Math.round(activity.rowsPerSecond)} rows are written per second)` : ''
  return [
    `A copy of ${terabytes} TB by COPY takes about ${hours} hours at 100 GB an hour, while changes accumulate${writes}.`,
    `Open a ticket with Heroku support for a base backup and the WAL archive of ${addon}; this is an exception, and Heroku can decline it.`,
    `Restore them as a standby on EC2 in the region of the database: Postgres ${major} with the same libc version and a volume of ${(1.3 * (size / 1e12)).toFixed(1)} TB. Replay WAL until the standby is seconds behind.`,
    `Promote the standby within a window, or keep it following and start from its snapshot: with wal_level = logical and a replication slot it can be the source of logical replication.`,
    `Replicate from it to RDS: run heroku rds:assess with RDS_DATABASE_URL set to the target, then use the method logical-replication${largest[0] ? `; ${largest[0].name} alone is ${(largest[0].bytes / 1e9).toFixed(0)} GB` : ''}.`,
    `Freeze and switch with heroku rds:cutover as for any other database.`,
  ]
}
