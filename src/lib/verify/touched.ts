import {logOf} from '../capture/log.js'
import {touchedOf} from '../capture/touched.js'
import {isKeyed, rowsOf, sameKey, type Unit} from '../capture/units.js'
import {allEnded} from '../flow/all-ended.js'
import {OWN_SCHEMA} from '../postgres/catalog.js'
import {streamRows} from '../postgres/copy-stream.js'
import type {Database, Queryable, Session} from '../ports/ports.js'
import type {Pair} from './pair.js'
import {changeSince, settledNow, type SettledPair} from './settled.js'
import {isSame, ROW_HASH, textOf} from './sums.js'

/** A session on each side, of which both see the same state. */
interface Ends {
  here: Session
  there: Session
}

/** Opens both; may be asked several times at once. */
export type BothEnds = <T>(work: (ends: Ends) => Promise<T>) => Promise<T>

/** Of databases that take no writes. */
export const frozenEnds =
  ({source, target}: {source: Database; target: Database}): BothEnds =>
  (work) =>
    target.session((there) => source.transaction((here) => work({here, there})))

/** Of two moments that are equal. */
export const endsOf =
  ({source, target}: Pair): BothEnds =>
  (work) =>
    target.read((there) => source.read((here) => work({here, there}), {temporary: true}))

/** What has to be looked at again. */
export interface Touched {
  /** With the sync up to which their keys are known to be equal. */
  keyed: {unit: Unit; verified: string}[]
  /** Without a key, with what each side held when they were verified. */
  grown: {unit: Unit; then: SettledPair}[]
  /** Never verified. */
  whole: Unit[]
}

/** What both moments hold. */
export async function settledPair({source, target}: Pair, unit: Unit): Promise<SettledPair> {
  const [here, there] = await allEnded([
    source.read((session) => settledNow(session, rowsOf(unit))),
    target.read((session) => settledNow(session, rowsOf(unit))),
  ])
  return {source: here, target: there}
}

/** What was touched since it was verified. */
export async function touchedSinceVerified(target: Queryable, units: readonly Unit[]): Promise<Touched> {
  const states = await target.query<{unit: string; verified: string | null; last: string; settled: SettledPair | null}>(
    `select unit::text as unit, verified_sync::text as verified, last_sync::text as last, settled from ${OWN_SCHEMA}.sync_units`,
  )
  const stateOf = new Map(states.map((state) => [state.unit, state]))
  const touched: Touched = {keyed: [], grown: [], whole: []}
  for (const unit of units) {
    const {verified, last, settled} = stateOf.get(unit.oid)!
    if (verified === null || (!isKeyed(unit) && settled === null)) touched.whole.push(unit)
    else if (BigInt(last) <= BigInt(verified)) continue
    else if (isKeyed(unit)) touched.keyed.push({unit, verified})
    else touched.grown.push({unit, then: settled!})
  }
  return touched
}

export interface TouchedPass {
  keys: number
  /** Without a key, equal because their settled rows are all there and so many more are the same. */
  grown: {unit: Unit; rows: bigint}[]
  /** What was looked at again, and what differs there. */
  compared: {unit: Unit; differences: string[]}[]
  /** What must be compared whole: it was never verified, or too much of it is unknown. */
  whole: Unit[]
}

const LANES = 2
/** A transaction keeps its locks to the end, and a server has room for 64 of each connection. */
const UNITS_AT_ONCE = 50

/** Compares what was touched, several tables at a time. */
export async function compareTouched(touched: Touched, open: BothEnds, signal: AbortSignal): Promise<TouchedPass> {
  const pass: TouchedPass = {keys: 0, grown: [], compared: [], whole: [...touched.whole]}
  const queue = [
    ...touched.keyed.map(({unit, verified}) => async (ends: Ends) => {
      const {keys, differences} = await compareUnit(ends, unit, verified, signal)
      pass.keys += keys
      pass.compared.push({unit, differences})
    }),
    ...touched.grown.map(({unit, then}) => async ({here, there}: Ends) => {
      const [ours, theirs] = await Promise.all([
        changeSince(here, rowsOf(unit), then.source),
        changeSince(there, rowsOf(unit), then.target),
      ])
      if (ours && theirs && isSame(ours, theirs)) pass.grown.push({unit, rows: ours.rows})
      else pass.whole.push(unit)
    }),
  ]
  const some = async (ends: Ends) => {
    for (let taken = 0; taken < UNITS_AT_ONCE && queue.length > 0; taken++) {
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
async function compareUnit(
  {here, there}: Ends,
  unit: Unit,
  verified: string,
  signal: AbortSignal,
): Promise<{keys: number; differences: string[]}> {
  const keys = unit.key.map(({name}) => name).join(', ')
  const asked = `select distinct ${keys} from ${touchedOf(unit)} where heroku_rds_sync > ${verified}`
  const again = `pg_temp.again_${unit.oid}`
  await here.query(`create temp table ${again} on commit drop as select ${keys} from ${logOf(unit)} with no data`)
  const {rows} = await streamRows(
    {from: there, out: `copy (${asked}) to stdout`},
    {to: here, into: `copy ${again} from stdin`},
    touchedOf(unit),
    {signal},
  )
  await here.query(`analyze ${again}`)
  const [ours, theirs] = await Promise.all([sumsOf(here, unit, again), sumsOf(there, unit, `(${asked})`)])
  const differences =
    ours === theirs ? [] : await rowsThatDiffer({here, there}, unit, {ours: again, theirs: `(${asked})`})
  return {keys: rows, differences}
}

const joined = (unit: Unit, keys: string): string =>
  `${rowsOf(unit)} t join ${keys} again on ${sameKey(unit, 't', 'again')}`

async function sumsOf(session: Session, unit: Unit, keys: string): Promise<string> {
  const row = await session.queryOne<{sum: string}>(
    `select concat(count(*), ' ', sum(${ROW_HASH})) as sum from ${joined(unit, keys)}`,
  )
  return row.sum
}

const MOST = 1000

async function rowsThatDiffer(
  {here, there}: Ends,
  unit: Unit,
  keys: {ours: string; theirs: string},
): Promise<string[]> {
  const hashes = async (session: Session, keys: string) => {
    const name = textOf(unit.key.map((column) => column.name))
    const rows = await session.query<{row: string; hash: string}>(
      `select ${name} as row, ${ROW_HASH}::text as hash from ${joined(unit, keys)}`,
    )
    return new Map(rows.map(({row, hash}) => [row, hash]))
  }
  const [ours, theirs] = await Promise.all([hashes(here, keys.ours), hashes(there, keys.theirs)])
  const found = [...ours].flatMap(([row, hash]) =>
    theirs.get(row) === hash
      ? []
      : [`${unit.relation} ${row} ${theirs.has(row) ? 'differs' : 'is missing on the target'}`],
  )
  const extra = [...theirs.keys()]
    .filter((row) => !ours.has(row))
    .map((row) => `${unit.relation} ${row} is only on the target`)
  return [...found, ...extra].slice(0, MOST)
}
