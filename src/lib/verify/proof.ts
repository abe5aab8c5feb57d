import {touchedOf} from '../capture/touched.js'
import {isKeyed, type CapturedTable} from '../capture/captured-table.js'
import type {Database, Queryable} from '../ports/ports.js'
import {OWN_SCHEMA} from '../postgres/catalog.js'
import type {HorizonPair} from './xmin-horizon.js'

/*
 * Which captured tables were found equal, and at which sync: from then on only what was touched can differ, and the touched keys are
 * recorded.
 */

/**
 * From this sync on, only what is touched can differ – if all that was touched since has been recorded. `horizon` is what a later
 * comparison needs to know of a table without a key.
 */
export async function noteVerified(
  to: Database,
  table: CapturedTable,
  syncNumber: string,
  rows: bigint,
  horizon?: HorizonPair,
): Promise<void> {
  await to.query(
    `update ${OWN_SCHEMA}.sync_units
     set verified_sync = $2, verified_at = clock_timestamp(), verified_rows = $3, settled = $4
     where unit = $1::oid and recorded_from <= $2`,
    [table.oid, syncNumber, rows.toString(), jsonOrNull(horizon)],
  )
  if (isKeyed(table))
    await to.query(`delete from ${touchedOf(table)} where heroku_rds_sync <= $1::bigint`, [syncNumber])
}

const jsonOrNull = (value: HorizonPair | undefined): string | null =>
  value === undefined ? null : JSON.stringify(value)

/** What was touched up to this sync is equal too. The rest is as old a proof as before. */
export async function noteTouchedVerified(
  to: Database,
  table: CapturedTable,
  syncNumber: string,
  horizon?: HorizonPair,
): Promise<void> {
  const [still] = await to.query(
    `update ${OWN_SCHEMA}.sync_units
     set verified_sync = $2, settled = $3
     where unit = $1::oid and verified_sync < $2
     returning unit`,
    [table.oid, syncNumber, jsonOrNull(horizon)],
  )
  if (still && isKeyed(table))
    await to.query(`delete from ${touchedOf(table)} where heroku_rds_sync <= $1::bigint`, [syncNumber])
}

export const forgetVerified = (to: Database, table: CapturedTable): Promise<unknown> =>
  to.query(`update ${OWN_SCHEMA}.sync_units set verified_sync = null, verified_at = null where unit = $1::oid`, [
    table.oid,
  ])

export interface Verified {
  /** Captured tables that were found equal, and how many there are. */
  tables: number
  of: number
  /** When the oldest of these verifications ended, as the target prints it; null when there is none. */
  since: string | null
  rows: string
}

/** What is proven so far. */
export async function verifiedSoFar(to: Queryable): Promise<Verified> {
  const row = await to.queryOne<{tables: number; of: number; since: string | null; rows: string}>(
    `select count(verified_sync)::int as tables, count(*)::int as of, min(verified_at)::text as since,
       coalesce(sum(verified_rows), 0)::text as rows
     from ${OWN_SCHEMA}.sync_units`,
  )
  return row
}

/** OIDs of captured tables of which there is no proof, or only a proof older than `hours`. */
export async function unproven(to: Queryable, hours: number): Promise<Set<string>> {
  const rows = await to.query<{table: string}>(
    `select unit::text as table from ${OWN_SCHEMA}.sync_units
     where verified_sync is null or verified_at < clock_timestamp() - make_interval(hours => $1::int)`,
    [hours],
  )
  return new Set(rows.map(({table}) => table))
}
