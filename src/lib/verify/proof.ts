import {touchedOf} from '../capture/touched.js'
import {isKeyed, type Unit} from '../capture/units.js'
import type {Database, Queryable} from '../ports/ports.js'
import {OWN_SCHEMA} from '../postgres/catalog.js'
import type {SettledPair} from './settled.js'

/*
 * Which units were found equal, and at which sync: from then on only what was touched can differ, and the keys that were
 * touched are recorded.
 */

/**
 * From this sync on, only what is touched can differ – if all that was touched since has been recorded. `settled` is what a later
 * comparison needs to know of a unit without a key.
 */
export async function noteVerified(
  target: Database,
  unit: Unit,
  nth: string,
  rows: bigint,
  settled?: SettledPair,
): Promise<void> {
  await target.query(
    `update ${OWN_SCHEMA}.sync_units set verified_sync = $2, verified_at = clock_timestamp(), verified_rows = $3, settled = $4
     where unit = $1::oid and recorded_from <= $2`,
    [unit.oid, nth, rows.toString(), jsonOrNull(settled)],
  )
  if (isKeyed(unit)) await target.query(`delete from ${touchedOf(unit)} where heroku_rds_sync <= $1::bigint`, [nth])
}

const jsonOrNull = (value: SettledPair | undefined): string | null =>
  value === undefined ? null : JSON.stringify(value)

/** What was touched up to this sync is equal too. The rest is as old a proof as before. */
export async function noteTouchedVerified(
  target: Database,
  unit: Unit,
  nth: string,
  settled?: SettledPair,
): Promise<void> {
  const [still] = await target.query(
    `update ${OWN_SCHEMA}.sync_units set verified_sync = $2, settled = $3 where unit = $1::oid and verified_sync < $2 returning unit`,
    [unit.oid, nth, jsonOrNull(settled)],
  )
  if (still && isKeyed(unit))
    await target.query(`delete from ${touchedOf(unit)} where heroku_rds_sync <= $1::bigint`, [nth])
}

export const forgetVerified = (target: Database, unit: Unit): Promise<unknown> =>
  target.query(`update ${OWN_SCHEMA}.sync_units set verified_sync = null, verified_at = null where unit = $1::oid`, [
    unit.oid,
  ])

export interface Verified {
  /** Units that were found equal, and how many there are. */
  units: number
  of: number
  /** When the oldest of these verifications ended, as the target prints it; null when there is none. */
  since: string | null
  rows: string
}

/** What is proven so far. */
export async function verifiedSoFar(target: Queryable): Promise<Verified> {
  const row = await target.queryOne<{units: number; of: number; since: string | null; rows: string}>(
    `select count(verified_sync)::int as units, count(*)::int as of, min(verified_at)::text as since, coalesce(sum(verified_rows), 0)::text as rows from ${OWN_SCHEMA}.sync_units`,
  )
  return row
}

/** Units of which there is no proof, or none younger than so many hours. */
export async function unproven(target: Queryable, hours: number): Promise<Set<string>> {
  const rows = await target.query<{unit: string}>(
    `select unit::text as unit from ${OWN_SCHEMA}.sync_units
     where verified_sync is null or verified_at < clock_timestamp() - make_interval(hours => $1::int)`,
    [hours],
  )
  return new Set(rows.map(({unit}) => unit))
}
