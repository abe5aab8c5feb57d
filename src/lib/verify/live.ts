import {capturedUnits} from '../capture/captured.js'
import {syncLive} from '../capture/follow.js'
import {forgetVerified, noteTouchedVerified, noteVerified} from './proof.js'
import {acceptServer, touchAgain} from '../capture/repair.js'
import {isKeyed, type Unit} from '../capture/units.js'
import type {Guard} from '../postgres/catalog.js'
import {isLostConnection} from '../postgres/lost-connection.js'
import {messageOf, unverified} from '../ports/errors.js'
import type {Clock, Database, Journal, Operator} from '../ports/ports.js'
import {compareContents, type Verification} from './contents.js'
import {holdBoth, momentLost, type Pair, releaseBoth, withPair} from './pair.js'
import {jobsFor} from './jobs.js'
import {compareSample} from './sample.js'
import {hasMoved, tablesToVerify, type VerifyTable} from './tables.js'
import {compareTouched, endsOf, settledPair, touchedSinceVerified} from './touched.js'

export interface LiveWorld {
  app: string
  source: Database
  target: Database
  journal: Journal
  guard: {source: Guard; target: Guard}
  clock: Clock
  signal: AbortSignal
  operator: Operator
}

const MOST_SYNCS = 50

export interface HowLive {
  /** Of the time that a part took, before the next one. */
  rest?: number
  /** OIDs of the units to compare; all where it is left out. */
  only?: ReadonlySet<string>
  /** Has every row that differs brought again by the next sync, and trusts a source that has failed over from then on. */
  repair?: boolean
}

/**
 * Compares every row while the app writes and syncs go on: a sync that took all that its snapshot saw leaves the target equal to
 * that snapshot, so both moments are kept, and whatever is compared between them must be the same. What is equal needs only be
 * looked at again where it is touched from then on.
 */
export async function verifyWhileLive(
  world: LiveWorld,
  {rest = 0, only, repair = false}: HowLive = {},
): Promise<Verification> {
  const captured = await capturedUnits(world)
  if (repair) await acceptServer(world)
  const units = captured.units.filter(({oid}) => !only || only.has(oid))
  const jobs = await jobsFor(world)
  // Before the moments are taken: what is truncated in between shows by its file.
  const known = await tablesToVerify(world.source)
  const {pair, nth} = await equalMoments({...world, ...captured})
  const tableOf = new Map(known.map((table) => [table.name, table]))
  const accounts = new Map(units.map((unit) => [unit, accountOf(unit)]))
  const unitOf = new Map(units.flatMap((unit) => unit.members.map(({relation}) => [relation, unit])))
  const oneByOne = inTurn()
  try {
    return await withPair(pair, async () => {
      const tables = known.flatMap((table) => {
        const unit = unitOf.get(table.name)
        return unit ? [{...table, key: unit.key.map(({name}) => name)}] : []
      })
      return compareContents(pair, tables, {
        ...world,
        jobs,
        rest,
        hasMoved: (table) => hasMoved(world.source, table),
        async verified({name}, rows, differences) {
          const unit = unitOf.get(name)!
          const account = accounts.get(unit)!
          account.rows += rows
          account.open--
          if (differences.length > 0) {
            account.equal = false
            await forgetVerified(world.target, unit)
            if (
              repair &&
              !(await touchAgain(
                world,
                unit,
                differences.map(({row}) => row),
              ))
            )
              world.operator.tell(`${name} has no key by which its rows could be brought again`)
          } else if (account.open === 0 && account.equal) {
            const settled = isKeyed(unit) ? undefined : await oneByOne(() => settledPair(pair, unit))
            if (settled && (await anyMoved(world.source, unit, tableOf))) return
            await noteVerified(world.target, unit, nth, account.rows, settled)
          }
        },
      })
    })
  } catch (error) {
    throw isLostConnection(error) ? momentLost(messageOf(error)) : error
  }
}

/** Does one thing after the other: each of them needs connections besides those that are counted. */
function inTurn() {
  let last: Promise<unknown> = Promise.resolve()
  return <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work)
    last = mine.catch(() => undefined)
    return mine
  }
}

/**
 * Looks at what was touched since its table was verified, between two moments as above: the window has only left what is touched
 * later, however long the verification took. Names, by their OIDs, the units that must be compared whole.
 */
export async function verifyTouchedLive(
  world: LiveWorld,
): Promise<{keys: number; differences: string[]; whole: ReadonlySet<string>}> {
  const captured = await capturedUnits(world)
  const known = new Map((await tablesToVerify(world.source)).map((table) => [table.name, table]))
  const {pair, nth} = await equalMoments({...world, ...captured})
  return withPair(pair, async () => {
    const touched = await touchedSinceVerified(world.target, captured.units)
    const {keys, compared, grown, whole} = await compareTouched(touched, endsOf(pair), world.signal)
    for (const {unit} of grown) {
      const settled = await settledPair(pair, unit)
      if (!(await anyMoved(world.source, unit, known))) await noteTouchedVerified(world.target, unit, nth, settled)
    }
    const found: string[] = []
    for (const {unit, differences} of compared) {
      if (differences.length === 0) await noteTouchedVerified(world.target, unit, nth)
      else if (!(await anyMoved(world.source, unit, known))) found.push(...differences)
    }
    return {keys, differences: found, whole: new Set(whole.map(({oid}) => oid))}
  })
}

/** Then its differences say nothing; it is looked at again in the window. */
async function anyMoved(source: Database, {members}: Unit, known: ReadonlyMap<string, VerifyTable>): Promise<boolean> {
  for (const {relation} of members) {
    const table = known.get(relation)
    if (table && (await hasMoved(source, table))) return true
  }
  return false
}

/** A quick look at some rows of each table, between two moments as above. */
export async function sampleWhileLive(world: LiveWorld): Promise<Verification> {
  const captured = await capturedUnits(world)
  const {pair} = await equalMoments({...world, ...captured})
  return withPair(pair, () => compareSample(pair, captured.units))
}

/** Tables of a unit that are still to be compared, and what the others were. */
const accountOf = ({members}: Unit) => ({
  open: members.filter(({partitioned}) => !partitioned).length,
  rows: 0n,
  equal: true,
})

/** Syncs until nothing is left behind, and keeps both moments. */
async function equalMoments(world: Parameters<typeof syncLive>[0]): Promise<{pair: Pair; nth: string}> {
  for (let tries = 0; tries < MOST_SYNCS; tries++) {
    let held: {pair: Pair; nth: string} | undefined
    const syncing = syncLive(world, async ({snapshot, nth}) => {
      held = {pair: await holdBoth(world, snapshot), nth}
    })
    await syncing.catch(async (error: unknown) => {
      if (held) await releaseBoth(held.pair)
      throw error
    })
    if (held) return held
  }
  throw unverified(
    'never_equal',
    `after ${MOST_SYNCS} syncs the source was still ahead: there is no moment at which both can be compared`,
    'try again when less is written',
  )
}
