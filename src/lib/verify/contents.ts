import {identifier, notOfExtension, USER_SCHEMA} from '../catalog.js'
import type {Database, Queryable} from '../ports.js'

export interface Contents {
  table: string
  /** As text: a count can exceed 2^53. */
  rows: string
  /** Sum of 64-bit hashes of each row's text: independent of order, sensitive to duplicates. */
  checksum: string
}

/** Count and checksum of one table as it stands; every column, in the order both sides share. */
async function contentsOf(db: Queryable, table: string): Promise<Contents> {
  const [row] = await db.query<Omit<Contents, 'table'>>(`
    select count(*)::text as rows, coalesce(sum(hashtextextended((whole_row.*)::text, 0)::numeric), 0)::text as checksum
    from only ${table} whole_row`)
  return {table, ...row!}
}

/** Tables and partitions. A materialized view is left out: refreshed on the target, it may be fresher than the source's. */
export async function tablesToVerify(db: Queryable): Promise<string[]> {
  const rows = await db.query<{schema: string; name: string}>(`
    select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and ${USER_SCHEMA} and ${notOfExtension('pg_class', 'c.oid')}
    order by pg_table_size(c.oid) desc, 1, 2`)
  return rows.map(({schema, name}) => identifier(schema, name))
}

export interface Verification {
  tables: number
  rows: bigint
  differences: string[]
}

/**
 * Compares the contents of every table, both sides at once. Only true while nobody writes to either side. Row text is
 * comparable because the sessions of both sides pin every setting it depends on.
 */
export async function compareContents(
  {source, target}: {source: Database; target: Database},
  signal: AbortSignal,
): Promise<Verification> {
  const tables = await tablesToVerify(source)
  const result: Verification = {tables: tables.length, rows: 0n, differences: []}
  for (const table of tables) {
    signal.throwIfAborted()
    const [here, there] = await Promise.all([contentsOf(source, table), contentsOf(target, table)])
    result.rows += BigInt(here.rows)
    if (here.rows !== there.rows) {
      result.differences.push(`${table} has ${here.rows} rows on the source and ${there.rows} on the target`)
    } else if (here.checksum !== there.checksum) {
      result.differences.push(`${table} has equal counts, ${here.rows}, but different contents`)
    }
  }
  return result
}
