import type {Database, Queryable} from '../ports/ports.js'
import type {SnapshotPair} from './pair.js'
import {rowHash, rowText, textOf, valueText} from '../postgres/row-text.js'
import {RowName} from './row-name.js'
import type {VerifyTable} from './tables.js'

const BUCKETS = 1024
/** Differences of one table that are looked at; more are only counted as "more". */
const MOST = 1000

type Side = Database['side']

export interface Difference {
  table: string
  row: RowName
  what: 'different' | `missing on the ${Side}` | `only on the ${Side}`
  /** Of a row that is different. */
  columns?: string[]
}

/** Names the rows of a table that differ: first the hash buckets that do, then the rows in them, then the columns. */
export async function locate(pair: SnapshotPair, table: VerifyTable): Promise<Difference[]> {
  const [here, there] = await both(pair, (db) => bucketSums(db, table))
  const suspects = [...new Set([...here.keys(), ...there.keys()])].filter(
    (bucket) => here.get(bucket) !== there.get(bucket),
  )
  const found: Difference[] = []
  for (const bucket of suspects) {
    const [ours, theirs] = await both(pair, (db) => rowsIn(db, table, bucket))
    found.push(...differencesOf(table, ours, theirs, pair.to.side))
    if (found.length >= MOST) break
  }
  for (const difference of found.filter(({what}) => what === 'different').slice(0, MOST)) {
    difference.columns = await columnsThatDiffer(pair, table, difference.row.reveal())
  }
  return found
}

const both = <T>({from, to}: SnapshotPair, read: (db: Queryable) => Promise<T>): Promise<[T, T]> =>
  Promise.all([from.read(read), to.read(read)])

/** What names a row: the text of its key, or of all of it. */
const nameOf = ({key, row}: VerifyTable): string => (key.length > 0 ? textOf(key) : rowText(row.all, row))

const bucketOf = (table: VerifyTable): string => `hashtextextended(${nameOf(table)}, 0) & ${BUCKETS - 1}`

async function bucketSums(db: Queryable, table: VerifyTable): Promise<Map<string, string>> {
  const rows = await db.query<{bucket: string; sum: string}>(
    `select (${bucketOf(table)})::text as bucket, concat(count(*), ' ', sum(${rowHash(table.row)})) as sum
     from ${table.rows} t
     group by 1`,
  )
  return new Map(rows.map(({bucket, sum}) => [bucket, sum]))
}

interface Seen {
  hash: string
  times: number
}

async function rowsIn(db: Queryable, table: VerifyTable, bucket: string): Promise<Map<string, Seen>> {
  const rows = await db.query<{row: string; hash: string; times: number}>(
    `select ${nameOf(table)} as row, sum(${rowHash(table.row)})::text as hash, count(*)::int as times
     from ${table.rows} t
     where ${bucketOf(table)} = $1::bigint
     group by 1`,
    [bucket],
  )
  return new Map(rows.map(({row, hash, times}) => [row, {hash, times}]))
}

function differencesOf(
  table: VerifyTable,
  here: ReadonlyMap<string, Seen>,
  there: ReadonlyMap<string, Seen>,
  other: Side,
): Difference[] {
  const found: Difference[] = []
  const add = (row: string, what: Difference['what']) => found.push({table: table.name, row: new RowName(row), what})
  for (const [row, ours] of here) {
    const theirs = there.get(row)
    if (!theirs) add(row, `missing on the ${other}`)
    else if (table.key.length === 0 && theirs.times !== ours.times)
      add(row, theirs.times < ours.times ? `missing on the ${other}` : `only on the ${other}`)
    else if (theirs.hash !== ours.hash) add(row, 'different')
  }
  for (const row of there.keys()) if (!here.has(row)) add(row, `only on the ${other}`)
  return found
}

async function columnsThatDiffer(pair: SnapshotPair, table: VerifyTable, row: string): Promise<string[]> {
  const {all, long} = table.row
  const list = all.map((column) => `md5((${valueText(`t.${column}`, long.includes(column))})::text)`).join(', ')
  const [here, there] = await both(pair, async (db) => {
    const [found] = await db.query<{hashes: (string | null)[]}>(
      `select to_json(array[${list}]) as hashes from ${table.rows} t where ${nameOf(table)} = $1 limit 1`,
      [row],
    )
    return found?.hashes ?? []
  })
  return all.filter((_, i) => here[i] !== there[i])
}

/** `public.orders row 0f1e2d3c4b5a: status differs`, with `showRows` `public.orders (42): …`; only the first ones in full. */
export function describeDifferences(differences: readonly Difference[], shown = 10, {showRows = false} = {}): string[] {
  const lines = differences.slice(0, shown).map(({table, row, what, columns}) => {
    const name = `${table} ${showRows ? row.reveal() : `row ${row}`}`
    return what === 'different' ? `${name}: ${columns?.join(', ') ?? 'it'} differs` : `${name} is ${what}`
  })
  return differences.length > shown ? [...lines, `and ${differences.length - shown} more`] : lines
}
