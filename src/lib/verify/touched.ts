import {logOf} from '../capture/log.js'
import {touchedOf} from '../capture/touched.js'
import {isKeyed, rowsOf, type Unit} from '../capture/units.js'
import {OWN_SCHEMA} from '../catalog.js'
import {streamRows} from '../copy/stream.js'
import type {Database, Session} from '../ports.js'
import {ROW_HASH} from './sums.js'

interface Sides {
  source: Database
  target: Database
  signal: AbortSignal
}

export interface TouchedPass {
  keys: number
  /** Units of which some rows were looked at again. */
  units: number
  /** Tables that must be compared whole: never verified, or changed since and without a key. */
  whole: string[]
  differences: string[]
}

/**
 * Compares the rows whose keys were touched since their table was verified. Only meaningful while neither side takes writes
 * and the log is drained.
 */
export async function compareTouched(sides: Sides, units: readonly Unit[]): Promise<TouchedPass> {
  const states = await sides.target.query<{unit: string; verified: string | null; last: string}>(
    `select unit::text as unit, verified_sync::text as verified, last_sync::text as last from ${OWN_SCHEMA}.sync_units`,
  )
  const stateOf = new Map(states.map((state) => [state.unit, state]))
  const pass: TouchedPass = {keys: 0, units: 0, whole: [], differences: []}
  for (const unit of units) {
    const {verified, last} = stateOf.get(unit.oid)!
    if (verified === null || (!isKeyed(unit) && BigInt(last) > BigInt(verified))) {
      pass.whole.push(...unit.members.filter(({partitioned}) => !partitioned).map(({relation}) => relation))
    } else if (isKeyed(unit) && BigInt(last) > BigInt(verified)) {
      pass.units++
      pass.keys += await compareUnit(sides, unit, verified, pass.differences)
    }
  }
  return pass
}

/** Both servers get the keys into a temporary table, and sum up the rows that have them. */
async function compareUnit(
  {source, target, signal}: Sides,
  unit: Unit,
  verified: string,
  differences: string[],
): Promise<number> {
  const keys = unit.key.map(({name}) => name).join(', ')
  const asked = `select distinct ${keys} from ${touchedOf(unit)} where heroku_rds_sync > ${verified}`
  return target.session((there) =>
    source.session(
      async (here) => {
        await here.query(`create temp table again as select ${keys} from ${logOf(unit)} with no data`)
        const {rows} = await streamRows(
          {from: there, out: `copy (${asked}) to stdout`},
          {to: here, into: 'copy pg_temp.again from stdin'},
          touchedOf(unit),
          {signal},
        )
        const [ours, theirs] = await Promise.all([
          sumsOf(here, unit, 'pg_temp.again'),
          sumsOf(there, unit, `(${asked})`),
        ])
        if (ours !== theirs) differences.push(...(await rowsThatDiffer({here, there}, unit, asked)))
        return rows
      },
      {disposable: true},
    ),
  )
}

const joined = (unit: Unit, keys: string): string =>
  `${rowsOf(unit)} t join ${keys} again on ${unit.key.map(({name, equals}) => `t.${name} ${equals} again.${name}`).join(' and ')}`

async function sumsOf(session: Session, unit: Unit, keys: string): Promise<string> {
  const [row] = await session.query<{sum: string}>(
    `select concat(count(*), ' ', sum(${ROW_HASH})) as sum from ${joined(unit, keys)}`,
  )
  return row!.sum
}

const MOST = 1000

async function rowsThatDiffer(
  {here, there}: {here: Session; there: Session},
  unit: Unit,
  asked: string,
): Promise<string[]> {
  const hashes = async (session: Session, keys: string) => {
    const name = `row(${unit.key.map(({name: column}) => `t.${column}`).join(', ')})::text`
    const rows = await session.query<{row: string; hash: string}>(
      `select ${name} as row, ${ROW_HASH}::text as hash from ${joined(unit, keys)}`,
    )
    return new Map(rows.map(({row, hash}) => [row, hash]))
  }
  const [ours, theirs] = await Promise.all([hashes(here, 'pg_temp.again'), hashes(there, `(${asked})`)])
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
