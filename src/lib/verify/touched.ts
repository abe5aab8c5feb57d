import {logOf} from '../capture/log.js'
import {touchedOf} from '../capture/touched.js'
import {isKeyed, rowsOf, sameKey, type CapturedTable} from '../capture/captured-table.js'
import {allEnded} from '../flow/all-ended.js'
import {batchesOf} from '../flow/batches.js'
import {together} from '../postgres/together.js'
import {OWN_SCHEMA} from '../postgres/catalog.js'
import {appSearchPath} from '../postgres/app-search-path.js'
import {everyAnswer, type Question} from '../postgres/answers.js'
import {exchange} from '../postgres/copy-stream.js'
import type {Database, Queryable, Session} from '../ports/ports.js'
import type {SnapshotPair} from './pair.js'
import {IS_DOUBTED, WITH_DOUBTS} from './proof.js'
import {changesSince, countAtHorizon, type HorizonPair} from './xmin-horizon.js'
import {rowHash, textOf} from '../postgres/row-text.js'
import {RowName} from './row-name.js'
import {isSame} from './sums.js'

/** A session on each side, of which both see the same state. */
interface Ends {
  from: Session
  to: Session
  /** Of the `to` session. */
  side: Database['side']
}

/** Opens both; may be asked several times at once. */
export type BothEnds = <T>(work: (ends: Ends) => Promise<T>) => Promise<T>

/** Of databases that take no writes. */
export const frozenEnds =
  ({from, to}: {from: Database; to: Database}): BothEnds =>
  async (work) => {
    const path = await appSearchPath(from)
    const opening = [from, to].map((db) => (hold: (session: Session) => Promise<void>) => db.transaction(hold, {path}))
    return together(opening, ([here, there]) => work({from: here!, to: there!, side: to.side}))
  }

/** Of two snapshots that are equal. */
export const endsOf =
  ({from, to}: SnapshotPair): BothEnds =>
  (work) =>
    to.read((there) => from.read((here) => work({from: here, to: there, side: to.side}), {temporary: true}))

/** What has to be looked at again. */
export interface Touched {
  /** With the sync up to which their keys are known to be equal. */
  keyed: {table: CapturedTable; verified: string}[]
  /** Without a key, with what each side held when they were verified. */
  grown: {table: CapturedTable; then: HorizonPair}[]
  /** Never verified. */
  whole: CapturedTable[]
}

/** What both snapshots hold of tables, in their order. */
export async function horizonPairs({from, to}: SnapshotPair, tables: readonly CapturedTable[]): Promise<HorizonPair[]> {
  if (tables.length === 0) return []
  const [here, there] = await allEnded([
    from.read((session) => countAtHorizon(session, tables)),
    to.read((session) => countAtHorizon(session, tables)),
  ])
  return tables.map((_, nth) => ({from: here[nth]!, to: there[nth]!}))
}

interface SyncState {
  table: string
  verified: string | null
  last: string
  settled: HorizonPair | null
}

/** What is known of each captured table; `touchedIn` reads it. */
export const SYNC_STATES: Question<SyncState[]> = {
  query: `
    ${WITH_DOUBTS}
    select coalesce(json_agg(json_build_object(
      'table', u.unit::text, 'last', u.last_sync::text, 'settled', u.settled,
      'verified', case when ${IS_DOUBTED} then null else u.verified_sync::text end)), '[]')
    from ${OWN_SCHEMA}.sync_units u`,
}

/** What was touched since it was verified. */
export async function touchedSinceVerified(to: Queryable, tables: readonly CapturedTable[]): Promise<Touched> {
  const {states} = await everyAnswer<{states: SyncState[]}>(to, {states: SYNC_STATES})
  return touchedIn(states, tables)
}

/** The same of what is known. */
export function touchedIn(states: readonly SyncState[], tables: readonly CapturedTable[]): Touched {
  const stateOf = new Map(states.map((state) => [state.table, state]))
  const touched: Touched = {keyed: [], grown: [], whole: []}
  for (const table of tables) {
    const {verified, last, settled} = stateOf.get(table.oid)!
    if (verified === null || (!isKeyed(table) && settled === null)) touched.whole.push(table)
    else if (BigInt(last) <= BigInt(verified)) continue
    else if (isKeyed(table)) touched.keyed.push({table, verified})
    else touched.grown.push({table, then: settled!})
  }
  return touched
}

export interface TouchedPass {
  keys: number
  /** Without a key, equal because all rows below the horizon are there and the later ones are the same. */
  grown: {table: CapturedTable; rows: bigint}[]
  /** What was looked at again, and what differs there. */
  compared: {table: CapturedTable; differences: string[]}[]
  /** What must be compared whole: it was never verified, or too much of it is unknown. */
  whole: CapturedTable[]
}

const LANES = 2
/** Tables of one transaction, which keeps its locks to the end: a server has room for 64 of each connection. */
const TABLES_AT_ONCE = 250

type Keyed = Touched['keyed'][number]
type Grown = Touched['grown'][number]

/** Compares what was touched, in as many messages for many tables as for one. */
export async function compareTouched(touched: Touched, open: BothEnds, signal: AbortSignal): Promise<TouchedPass> {
  const pass: TouchedPass = {keys: 0, grown: [], compared: [], whole: [...touched.whole]}
  const keyedTogether = async (ends: Ends, keyed: readonly Keyed[]) => {
    const {keys, compared} = await compareKeys(ends, keyed, signal)
    pass.keys += keys
    pass.compared.push(...compared)
  }
  const grownTogether = async ({from, to}: Ends, grown: readonly Grown[]) => {
    const [ours, theirs] = await allEnded([
      changesSince(
        from,
        grown.map(({table, then}) => ({table, then: then.from})),
      ),
      changesSince(
        to,
        grown.map(({table, then}) => ({table, then: then.to})),
      ),
    ])
    for (const [nth, {table}] of grown.entries()) {
      const [our, their] = [ours[nth], theirs[nth]]
      if (our && their && isSame(our, their)) pass.grown.push({table, rows: our.rows})
      else pass.whole.push(table)
    }
  }
  const queue = [
    ...sharedOut(touched.keyed).map((some) => (ends: Ends) => keyedTogether(ends, some)),
    ...sharedOut(touched.grown).map((some) => (ends: Ends) => grownTogether(ends, some)),
  ]
  const lane = async () => {
    for (let work = queue.shift(); work; work = queue.shift()) {
      signal.throwIfAborted()
      await open(work)
    }
  }
  await allEnded(Array.from({length: Math.min(LANES, queue.length)}, lane))
  return pass
}

/** For each lane as much, if no more than one transaction bears. */
const sharedOut = <T>(tables: readonly T[]): T[][] =>
  batchesOf(tables, Math.min(TABLES_AT_ONCE, Math.ceil(tables.length / LANES)))

/** Both servers get the keys into tables that know how many there are, and sum up the rows that have them. */
async function compareKeys(
  ends: Ends,
  tables: readonly Keyed[],
  signal: AbortSignal,
): Promise<{keys: number; compared: TouchedPass['compared']}> {
  const {from, to} = ends
  const [here, there] = [
    tables.map((one) => ({...one, keys: recheckOf(one)})),
    tables.map((one) => ({...one, keys: askedOf(one)})),
  ]
  const counts = await exchange(
    {from: to, to: from},
    tables.map((one) => ({
      name: touchedOf(one.table),
      out: [`copy ${askedOf(one)} to stdout`],
      into: [
        `create temp table ${recheckOf(one)} on commit drop as
         select ${keysOf(one)} from ${logOf(one.table)} with no data`,
        `copy ${recheckOf(one)} from stdin`,
        `analyze ${recheckOf(one)}`,
      ],
    })),
    {signal},
  )
  const [ours, theirs] = await allEnded([sumsOf(from, here), sumsOf(to, there)])
  const compared: TouchedPass['compared'] = []
  for (const [nth, {table}] of tables.entries()) {
    const differences =
      ours[nth] === theirs[nth]
        ? []
        : await rowsThatDiffer(ends, table, {ours: here[nth]!.keys, theirs: there[nth]!.keys})
    compared.push({table, differences})
  }
  return {keys: counts.reduce((sum, {out}) => sum + out[0]!, 0), compared}
}

const keysOf = ({table}: Pick<Keyed, 'table'>): string => table.key.map(({name}) => name).join(', ')
const recheckOf = ({table}: Pick<Keyed, 'table'>): string => `pg_temp.recheck_${table.oid}`
const askedOf = ({table, verified}: Keyed): string =>
  `(select distinct ${keysOf({table})} from ${touchedOf(table)} where heroku_rds_sync > ${verified})`

const joined = (table: CapturedTable, keys: string): string =>
  `${rowsOf(table)} t join ${keys} recheck on ${sameKey(table, 't', 'recheck')}`

/** Of the rows that have these keys, in the order of the tables. */
async function sumsOf(session: Session, tables: readonly {table: CapturedTable; keys: string}[]): Promise<string[]> {
  const each = tables.map(
    ({table, keys}, nth) =>
      `select ${nth} as nth, concat(count(*), ' ', sum(${rowHash(table.row)})) as sum from ${joined(table, keys)}`,
  )
  const rows = await session.query<{nth: number; sum: string}>(`${each.join(' union all ')} order by nth`)
  return rows.map(({sum}) => sum)
}

const MOST = 1000

async function rowsThatDiffer(
  {from, to, side}: Ends,
  table: CapturedTable,
  keys: {ours: string; theirs: string},
): Promise<string[]> {
  const hashes = async (session: Session, keys: string) => {
    const name = textOf(table.key.map((column) => column.name))
    const rows = await session.query<{row: string; hash: string}>(
      `select ${name} as row, ${rowHash(table.row)}::text as hash from ${joined(table, keys)}`,
    )
    return new Map(rows.map(({row, hash}) => [row, hash]))
  }
  const [ours, theirs] = await Promise.all([hashes(from, keys.ours), hashes(to, keys.theirs)])
  const named = (row: string) => `${table.name} row ${new RowName(row)}`
  const found = [...ours].flatMap(([row, hash]) =>
    theirs.get(row) === hash ? [] : [`${named(row)} ${theirs.has(row) ? 'differs' : `is missing on the ${side}`}`],
  )
  const extra = [...theirs.keys()].filter((row) => !ours.has(row)).map((row) => `${named(row)} is only on the ${side}`)
  return [...found, ...extra].slice(0, MOST)
}
