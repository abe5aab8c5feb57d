import {logOf} from '../capture/log.js'
import {touchedOf} from '../capture/touched.js'
import {isKeyed, rowsOf, sameKey, type CapturedTable} from '../capture/captured-table.js'
import {allEnded} from '../flow/all-ended.js'
import {OWN_SCHEMA} from '../postgres/catalog.js'
import {appSearchPath} from '../postgres/app-search-path.js'
import {streamRows} from '../postgres/copy-stream.js'
import type {Database, Queryable, Session} from '../ports/ports.js'
import type {SnapshotPair} from './pair.js'
import {changeSince, countAtHorizon, type HorizonPair} from './xmin-horizon.js'
import {rowHash, textOf} from '../postgres/row-text.js'
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
    return to.transaction((there) => from.transaction((here) => work({from: here, to: there, side: to.side}), {path}), {
      path,
    })
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

/** What both snapshots hold. */
export async function horizonPair({from, to}: SnapshotPair, table: CapturedTable): Promise<HorizonPair> {
  const [here, there] = await allEnded([
    from.read((session) => countAtHorizon(session, table)),
    to.read((session) => countAtHorizon(session, table)),
  ])
  return {from: here, to: there}
}

/** What was touched since it was verified. */
export async function touchedSinceVerified(to: Queryable, tables: readonly CapturedTable[]): Promise<Touched> {
  const states = await to.query<{table: string; verified: string | null; last: string; settled: HorizonPair | null}>(
    `select unit::text as table, verified_sync::text as verified, last_sync::text as last, settled
     from ${OWN_SCHEMA}.sync_units`,
  )
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
/** A transaction keeps its locks to the end, and a server has room for 64 of each connection. */
const TABLES_AT_ONCE = 50

/** Compares what was touched, several tables at a time. */
export async function compareTouched(touched: Touched, open: BothEnds, signal: AbortSignal): Promise<TouchedPass> {
  const pass: TouchedPass = {keys: 0, grown: [], compared: [], whole: [...touched.whole]}
  const queue = [
    ...touched.keyed.map(({table, verified}) => async (ends: Ends) => {
      const {keys, differences} = await compareTable(ends, table, verified, signal)
      pass.keys += keys
      pass.compared.push({table, differences})
    }),
    ...touched.grown.map(({table, then}) => async ({from, to}: Ends) => {
      const [ours, theirs] = await Promise.all([changeSince(from, table, then.from), changeSince(to, table, then.to)])
      if (ours && theirs && isSame(ours, theirs)) pass.grown.push({table, rows: ours.rows})
      else pass.whole.push(table)
    }),
  ]
  const some = async (ends: Ends) => {
    for (let taken = 0; taken < TABLES_AT_ONCE && queue.length > 0; taken++) {
      signal.throwIfAborted()
      await queue.shift()!(ends)
    }
  }
  const lane = async () => {
    try {
      while (queue.length > 0) await open(some)
    } catch (error) {
      queue.length = 0
      throw error
    }
  }
  await allEnded(Array.from({length: Math.min(LANES, queue.length)}, lane))
  return pass
}

/** Both servers get the keys into a table that knows how many there are, and sum up the rows that have them. */
async function compareTable(
  ends: Ends,
  table: CapturedTable,
  verified: string,
  signal: AbortSignal,
): Promise<{keys: number; differences: string[]}> {
  const {from, to} = ends
  const keys = table.key.map(({name}) => name).join(', ')
  const asked = `select distinct ${keys} from ${touchedOf(table)} where heroku_rds_sync > ${verified}`
  const recheck = `pg_temp.recheck_${table.oid}`
  await from.query(`create temp table ${recheck} on commit drop as select ${keys} from ${logOf(table)} with no data`)
  const {rows} = await streamRows(
    {from: to, out: `copy (${asked}) to stdout`},
    {to: from, into: `copy ${recheck} from stdin`},
    touchedOf(table),
    {signal},
  )
  await from.query(`analyze ${recheck}`)
  const [ours, theirs] = await Promise.all([sumsOf(from, table, recheck), sumsOf(to, table, `(${asked})`)])
  const differences = ours === theirs ? [] : await rowsThatDiffer(ends, table, {ours: recheck, theirs: `(${asked})`})
  return {keys: rows, differences}
}

const joined = (table: CapturedTable, keys: string): string =>
  `${rowsOf(table)} t join ${keys} recheck on ${sameKey(table, 't', 'recheck')}`

async function sumsOf(session: Session, table: CapturedTable, keys: string): Promise<string> {
  const row = await session.queryOne<{sum: string}>(
    `select concat(count(*), ' ', sum(${rowHash(table.row)})) as sum from ${joined(table, keys)}`,
  )
  return row.sum
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
  const found = [...ours].flatMap(([row, hash]) =>
    theirs.get(row) === hash
      ? []
      : [`${table.name} ${row} ${theirs.has(row) ? 'differs' : `is missing on the ${side}`}`],
  )
  const extra = [...theirs.keys()]
    .filter((row) => !ours.has(row))
    .map((row) => `${table.name} ${row} is only on the ${side}`)
  return [...found, ...extra].slice(0, MOST)
}
