import {touchedOf} from '../capture/touched.js'
import {isKeyed, rowsOf, sameKey, type CapturedTable} from '../capture/captured-table.js'
import type {Database, Queryable} from '../ports/ports.js'
import type {Verification} from './contents.js'
import type {Difference} from './locate.js'
import type {SnapshotPair} from './pair.js'
import {rowHash, textOf} from '../postgres/row-text.js'
import {RowName} from './row-name.js'

const ROWS = 1000
/** Pages sampled of a table, about. */
const PAGES = 100

interface Sampled {
  /** The key, by column, as text. */
  key: Record<string, string>
  row: string
  hash: string
}

/**
 * Compares some thousand rows of each table that has a key between two snapshots: a quick look that finds what is badly wrong, and
 * proves nothing. Rows that only the `to` side has are not seen.
 */
export async function compareSample(pair: SnapshotPair, tables: readonly CapturedTable[]): Promise<Verification> {
  const found: Verification = {tables: 0, rows: 0n, bytes: 0, differences: [], moved: [], sampled: true}
  for (const table of tables.filter(isKeyed)) {
    const sample = await pair.from.read((db) => sampleOf(db, table))
    const there = await pair.to.read((db) => hashesOf(db, table, sample))
    found.tables++
    found.rows += BigInt(sample.length)
    found.differences.push(...differencesOf(table, sample, there, pair.to.side))
  }
  return found
}

const nameOf = ({key}: CapturedTable): string => textOf(key.map(({name}) => name))

async function sampleOf(db: Queryable, table: CapturedTable): Promise<Sampled[]> {
  const size = await db.queryOne<{pages: number}>(
    `select (sum(pg_relation_size(member::regclass)) / current_setting('block_size')::int)::float8 as pages
     from json_array_elements_text($1) member`,
    [JSON.stringify(table.partitions.map(({name}) => name))],
  )
  const percent = Math.min(100, (100 * PAGES) / Math.max(1, size.pages))
  const key = table.key.map(({name}) => `t.${name}::text as ${name}`).join(', ')
  return db.query<Sampled>(
    `select (select to_json(k) from (select ${key}) k) as key,
       ${nameOf(table)} as row,
       ${rowHash(table.row)}::text as hash
     from ${rowsOf(table)} t tablesample system (${percent}) order by random() limit ${ROWS}`,
  )
}

async function hashesOf(db: Queryable, table: CapturedTable, sample: readonly Sampled[]): Promise<Map<string, string>> {
  const rows = await db.query<{row: string; hash: string}>(
    `select ${nameOf(table)} as row, ${rowHash(table.row)}::text as hash
     from json_populate_recordset(null::${touchedOf(table)}, $1) k
     join ${rowsOf(table)} t on ${sameKey(table, 't', 'k')}`,
    [JSON.stringify(sample.map(({key}) => key))],
  )
  return new Map(rows.map(({row, hash}) => [row, hash]))
}

const differencesOf = (
  {name}: CapturedTable,
  sample: readonly Sampled[],
  there: ReadonlyMap<string, string>,
  side: Database['side'],
) =>
  sample.flatMap(({row, hash}): Difference[] =>
    there.get(row) === hash
      ? []
      : [{table: name, row: new RowName(row), what: there.has(row) ? 'different' : `missing on the ${side}`}],
  )
