import {capturedUnits} from '../capture/captured.js'
import {syncLive} from '../capture/follow.js'
import type {Unit} from '../capture/units.js'
import {touchedOf} from '../capture/touched.js'
import {type Guard, OWN_SCHEMA} from '../catalog.js'
import {unverified} from '../errors.js'
import type {Clock, Database, Journal, Operator} from '../ports.js'
import {compareContents, type Verification} from './contents.js'
import {holdMoment, type Pair, withPair} from './pair.js'
import {jobsFor} from './jobs.js'
import {tablesToVerify} from './tables.js'

export interface LiveWorld {
  source: Database
  target: Database
  journal: Journal
  guard: {source: Guard; target: Guard}
  clock: Clock
  signal: AbortSignal
  operator: Operator
}

const MOST_SYNCS = 50

/**
 * Compares every row while the app writes and syncs go on: a sync that took all that its snapshot saw leaves the target equal to
 * that snapshot, so both moments are kept, and whatever is compared between them must be the same. What is equal needs only be
 * looked at again where it is touched from then on.
 */
export async function verifyWhileLive(
  world: LiveWorld,
  {rest = 0, only}: {rest?: number; only?: readonly string[]} = {},
): Promise<Verification> {
  const captured = await capturedUnits(world)
  const jobs = await jobsFor(world)
  const {pair, nth} = await equalMoments({...world, ...captured})
  return withPair(pair, async () => {
    const open = new Map(
      captured.units.map((unit) => [unit, unit.members.filter(({partitioned}) => !partitioned).length]),
    )
    const rowsOf = new Map<Unit, bigint>()
    const wrong = new Set<Unit>()
    const tables = (await pair.source.read(tablesToVerify)).filter(({name}) => !only || only.includes(name))
    const unitOf = new Map(captured.units.flatMap((unit) => unit.members.map(({relation}) => [relation, unit])))
    return compareContents(pair, tables, {
      ...world,
      jobs,
      rest,
      async verified({name}, rows, differences) {
        const unit = unitOf.get(name)!
        rowsOf.set(unit, (rowsOf.get(unit) ?? 0n) + rows)
        if (differences.length > 0) wrong.add(unit)
        open.set(unit, open.get(unit)! - 1)
        if (wrong.has(unit)) await forgetVerified(world.target, unit)
        else if (open.get(unit) === 0) await noteVerified(world.target, unit, nth, rowsOf.get(unit)!)
      },
    })
  })
}

/** Syncs until nothing is left behind, and keeps both moments. */
async function equalMoments(world: Parameters<typeof syncLive>[0]): Promise<{pair: Pair; nth: string}> {
  for (let tries = 0; tries < MOST_SYNCS; tries++) {
    let held: {pair: Pair; nth: string} | undefined
    await syncLive(world, async ({snapshot, nth}) => {
      const source = await holdMoment(world.source, snapshot)
      held = {pair: {source, target: await holdMoment(world.target)}, nth}
    })
    if (held) return held
  }
  throw unverified(
    'never_equal',
    `after ${MOST_SYNCS} syncs the source was still ahead: there is no moment at which both can be compared`,
    'try again when less is written',
  )
}

/** From this sync on, only what is touched can differ – if all that was touched since has been recorded. */
async function noteVerified(target: Database, unit: Unit, nth: string, rows: bigint): Promise<void> {
  await target.query(
    `update ${OWN_SCHEMA}.sync_units set verified_sync = $2, verified_at = clock_timestamp(), verified_rows = $3 where unit = $1::oid and recorded_from <= $2`,
    [unit.oid, nth, rows.toString()],
  )
  if (unit.key.length > 0)
    await target.query(`delete from ${touchedOf(unit)} where heroku_rds_sync <= $1::bigint`, [nth])
}

const forgetVerified = (target: Database, unit: Unit): Promise<unknown> =>
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
export async function verifiedSoFar(target: Database): Promise<Verified> {
  const [row] = await target.query<{units: number; of: number; since: string | null; rows: string}>(
    `select count(verified_sync)::int as units, count(*)::int as of, min(verified_at)::text as since, coalesce(sum(verified_rows), 0)::text as rows from ${OWN_SCHEMA}.sync_units`,
  )
  return row!
}

/** A unit of which too much was touched to look at it again in the window must be verified anew. */
const MOST_TOUCHED = 0.2
const ALWAYS_ALLOWED_BYTES = 64 * 1024 ** 2

/** Lets go of records of touched keys that have grown out of proportion; returns the tables that lost their proof by it. */
export async function pruneTouched(target: Database, units: readonly Unit[], guard: Guard): Promise<string[]> {
  const pruned: string[] = []
  for (const unit of units.filter(({key}) => key.length > 0)) {
    const [size] = await target.query<{touched: string; rows: string}>(
      `select pg_relation_size('${touchedOf(unit)}')::text as touched,
         (select sum(pg_relation_size(name::regclass)) from json_array_elements_text($1::json) name)::text as rows`,
      [JSON.stringify(unit.members.map(({relation}) => relation))],
    )
    if (Number(size!.touched) < Math.max(ALWAYS_ALLOWED_BYTES, MOST_TOUCHED * Number(size!.rows))) continue
    await target.query(`${guard}; truncate ${touchedOf(unit)};
      update ${OWN_SCHEMA}.sync_units set verified_sync = null, verified_at = null,
        recorded_from = (select nth + 1 from ${OWN_SCHEMA}.sync_state) where unit = ${unit.oid}`)
    pruned.push(unit.relation)
  }
  return pruned
}
