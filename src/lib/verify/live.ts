import type {CapturedSchema} from '../capture/captured.js'
import {syncLive} from '../capture/follow.js'
import {forgetVerified, noteTouchedVerified, noteVerified} from './proof.js'
import {acceptServer, recopyRows} from '../capture/repair.js'
import {isKeyed, type CapturedTable} from '../capture/captured-table.js'
import type {Guard} from '../postgres/catalog.js'
import {isLostConnection} from '../postgres/lost-connection.js'
import {messageOf} from '../ports/errors.js'
import type {Clock, Database, Journal, Operator} from '../ports/ports.js'
import type {TableName} from '../postgres/tables.js'
import type {Difference} from './locate.js'
import {compareContents, type Looked, type Verification} from './contents.js'
import {holdBoth, snapshotLost, type SnapshotPair, releaseBoth, withPair} from './pair.js'
import type {HorizonPair} from './xmin-horizon.js'
import {jobsFor} from './jobs.js'
import {compareSample} from './sample.js'
import {movedOf, tablesToVerify, type VerifyTable} from './tables.js'
import {compareTouched, endsOf, horizonPairs, touchedSinceVerified} from './touched.js'

export interface LiveWorld {
  app: string
  from: Database
  to: Database
  journal: Journal
  guard: {readonly from: Guard; readonly to: Guard}
  clock: Clock
  signal: AbortSignal
  operator: Operator
}

export interface HowLive {
  /** Pause after each chunk, as a multiple of the time it took. */
  rest?: number
  /** OIDs of the captured tables to compare; all where it is left out. */
  only?: ReadonlySet<string>
  /** Lets the next sync copy every row that differs again, and accepts a server that has failed over from then on. */
  repair?: boolean
}

/**
 * Compares every row while the app writes and syncs go on: a sync that took all that its snapshot saw leaves the other side equal to
 * that snapshot, so both snapshots are kept, and everything compared between them must be the same. What is equal needs to be
 * looked at again only where it is touched from then on.
 */
export async function verifyWhileLive(
  world: LiveWorld,
  captured: CapturedSchema,
  {rest = 0, only, repair = false}: HowLive = {},
): Promise<Verification> {
  if (repair) await acceptServer(world)
  const jobs = await jobsFor(world)
  // Before the snapshots are taken: a table that is truncated in between shows by its file.
  const known = await tablesToVerify(world.from)
  const {pair, syncNumber} = await equalSnapshots({...world, ...captured})
  const proof = proofOf(
    {...world, pair, syncNumber, known, repair},
    captured.tables.filter(({oid}) => !only || only.has(oid)),
  )
  try {
    return await withPair(pair, () =>
      compareContents(pair, proof.toCompare, {
        ...world,
        jobs,
        rest,
        hasMoved: async (table) => (await movedOf(world.from, [table])).size > 0,
        verified: (looked) => proof.verified(looked),
      }),
    )
  } catch (error) {
    throw isLostConnection(error) ? snapshotLost(messageOf(error)) : error
  }
}

interface Proving extends LiveWorld {
  pair: SnapshotPair
  syncNumber: string
  known: readonly VerifyTable[]
  repair: boolean
}

/** Notes what is proven of captured tables as their partitions are compared, one by one. */
function proofOf(
  {from, to, guard, operator, pair, syncNumber, known, repair}: Proving,
  tables: readonly CapturedTable[],
) {
  const files = new Map(known.map((table) => [table.name, table]))
  const capturedAs = new Map(tables.flatMap((table) => table.partitions.map(({name}) => [name, table])))
  const toCompare = known.flatMap((table): VerifyTable[] => {
    const captured = capturedAs.get(table.name)
    return captured ? [{...table, key: captured.key.map(({name}) => name)}] : []
  })
  const openIn = (table: CapturedTable) => toCompare.filter(({name}) => capturedAs.get(name) === table).length
  const accounts = new Map(tables.map((table) => [table, {open: openIn(table), rows: 0n, equal: true}]))
  const oneByOne = inTurn()

  const differs = async (table: CapturedTable, name: TableName, differences: readonly Difference[]) => {
    await forgetVerified(to, table)
    const rows = differences.map(({row}) => row.reveal())
    if (repair && !(await recopyRows({from, to, guard}, table, rows)))
      operator.tell(`${name} has no key by which its rows could be copied again`)
  }
  const areEqual = async (equal: readonly CapturedTable[]) => {
    const proven = (table: CapturedTable, horizon?: HorizonPair) => ({table, rows: accounts.get(table)!.rows, horizon})
    const keyless = equal.filter((table) => !isKeyed(table))
    const horizons = await oneByOne(() => horizonPairs(pair, keyless))
    const moved = await movedAmong(from, keyless, files)
    await noteVerified(
      to,
      [
        ...equal.filter(isKeyed).map((table) => proven(table)),
        ...keyless.map((table, nth) => proven(table, horizons[nth])).filter(({table}) => !moved.includes(table)),
      ],
      syncNumber,
    )
  }
  return {
    toCompare,
    async verified(looked: readonly Looked[]): Promise<void> {
      const equal: CapturedTable[] = []
      for (const {
        table: {name},
        rows,
        differences,
      } of looked) {
        const table = capturedAs.get(name)!
        const account = accounts.get(table)!
        account.rows += rows
        account.open--
        account.equal &&= differences.length === 0
        if (differences.length > 0) await differs(table, name, differences)
        else if (account.open === 0 && account.equal) equal.push(table)
      }
      if (equal.length > 0) await areEqual(equal)
    },
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
 * Looks at what was touched since its table was verified, between two snapshots as above: only what is touched later is left
 * for the window, however long the verification took. Names, by their OIDs, the tables that must be compared whole.
 */
export async function verifyTouchedLive(
  world: LiveWorld,
  captured: CapturedSchema,
): Promise<{keys: number; differences: string[]; whole: ReadonlySet<string>}> {
  const known = new Map((await tablesToVerify(world.from)).map((table) => [table.name, table]))
  const {pair, syncNumber} = await equalSnapshots({...world, ...captured})
  return withPair(pair, async () => {
    const touched = await touchedSinceVerified(world.to, captured.tables)
    const {keys, compared, grown, whole} = await compareTouched(touched, endsOf(pair), world.signal)
    const grownTables = grown.map(({table}) => table)
    const horizons = await horizonPairs(pair, grownTables)
    const suspect = compared.filter(({differences}) => differences.length > 0)
    const moved = await movedAmong(world.from, [...grownTables, ...suspect.map(({table}) => table)], known)
    const equal = [
      ...grownTables
        .map((table, nth) => ({table, horizon: horizons[nth]!}))
        .filter(({table}) => !moved.includes(table)),
      ...compared.filter(({differences}) => differences.length === 0),
    ]
    await noteTouchedVerified(world.to, equal, syncNumber)
    const differences = suspect.filter(({table}) => !moved.includes(table)).flatMap((one) => one.differences)
    return {keys, differences, whole: new Set(whole.map(({oid}) => oid))}
  })
}

/** Those of which a part was truncated or rewritten: what differs in them says nothing, and they are looked at again in the window. */
async function movedAmong(
  from: Database,
  tables: readonly CapturedTable[],
  known: ReadonlyMap<string, VerifyTable>,
): Promise<CapturedTable[]> {
  const parts = tables.flatMap(({partitions}) => partitions.flatMap(({name}) => known.get(name) ?? []))
  if (parts.length === 0) return []
  const moved = await movedOf(from, parts)
  return tables.filter(({partitions}) => partitions.some(({name}) => moved.has(name)))
}

/** A quick look at some rows of each table, between two snapshots as above. */
export async function sampleWhileLive(world: LiveWorld, captured: CapturedSchema): Promise<Verification> {
  const {pair} = await equalSnapshots({...world, ...captured})
  return withPair(pair, () => compareSample(pair, captured.tables))
}

/** Syncs, and keeps the snapshots that are equal then. */
async function equalSnapshots(
  world: Parameters<typeof syncLive>[0],
): Promise<{pair: SnapshotPair; syncNumber: string}> {
  let held: {pair: SnapshotPair; syncNumber: string} | undefined
  const syncing = syncLive(world, async ({snapshot, syncNumber}) => {
    held = {pair: await holdBoth(world, snapshot), syncNumber}
  })
  await syncing.catch(async (error: unknown) => {
    if (held) await releaseBoth(held.pair)
    throw error
  })
  return held!
}
