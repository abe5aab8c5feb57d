import {touchedOf} from '../capture/touched.js'
import {isKeyed, rowsOf, sameKey, type Unit} from '../capture/units.js'
import type {Queryable} from '../ports/ports.js'
import type {Verification} from './contents.js'
import type {Difference} from './locate.js'
import type {Pair} from './pair.js'
import {ROW_HASH, textOf} from './sums.js'

const ROWS = 1000
/** From about so many pages of a table. */
const PAGES = 100

interface Sampled {
  /** The key, by column, as text. */
  key: Record<string, string>
  row: string
  hash: string
}

/**
 * Compares some thousand rows of each table that has a key between two moments: a quick look that finds what is badly wrong, and
 * proves nothing. What the target has beyond the source it does not see.
 */
export async function compareSample(pair: Pair, units: readonly Unit[]): Promise<Verification> {
  const found: Verification = {tables: 0, rows: 0n, bytes: 0, differences: [], moved: [], sampled: true}
  for (const unit of units.filter(isKeyed)) {
    const sample = await pair.source.read((db) => sampleOf(db, unit))
    const there = await pair.target.read((db) => hashesOf(db, unit, sample))
    found.tables++
    found.rows += BigInt(sample.length)
    found.differences.push(...differencesOf(unit, sample, there))
  }
  return found
}

const nameOf = ({key}: Unit): string => textOf(key.map(({name}) => name))

async function sampleOf(db: Queryable, unit: Unit): Promise<Sampled[]> {
  const size = await db.queryOne<{pages: number}>(
    `select (sum(pg_relation_size(member::regclass)) / current_setting('block_size')::int)::float8 as pages from json_array_elements_text($1) member`,
    [JSON.stringify(unit.members.map(({relation}) => relation))],
  )
  const percent = Math.min(100, (100 * PAGES) / Math.max(1, size.pages))
  const key = unit.key.map(({name}) => `t.${name}::text as ${name}`).join(', ')
  return db.query<Sampled>(
    `select (select to_json(k) from (select ${key}) k) as key, ${nameOf(unit)} as row, ${ROW_HASH}::text as hash
     from ${rowsOf(unit)} t tablesample system (${percent}) order by random() limit ${ROWS}`,
  )
}

async function hashesOf(db: Queryable, unit: Unit, sample: readonly Sampled[]): Promise<Map<string, string>> {
  const rows = await db.query<{row: string; hash: string}>(
    `select ${nameOf(unit)} as row, ${ROW_HASH}::text as hash
     from json_populate_recordset(null::${touchedOf(unit)}, $1) k join ${rowsOf(unit)} t on ${sameKey(unit, 't', 'k')}`,
    [JSON.stringify(sample.map(({key}) => key))],
  )
  return new Map(rows.map(({row, hash}) => [row, hash]))
}

const differencesOf = ({relation}: Unit, sample: readonly Sampled[], there: ReadonlyMap<string, string>) =>
  sample.flatMap(({row, hash}): Difference[] =>
    there.get(row) === hash
      ? []
      : [{table: relation, row, what: there.has(row) ? 'different' : 'missing on the target'}],
  )
