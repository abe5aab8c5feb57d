import {Transform, type TransformCallback} from 'node:stream'
import {pipeline} from 'node:stream/promises'

import {identifier, notOfExtension, OWN_SCHEMA, USER_SCHEMA} from '../catalog.js'
import {failed} from '../errors.js'
import type {Database, Operator, Queryable, Session} from '../ports.js'

export interface CopyTable {
  identifier: string
  /** Quoted; generated ones left out. */
  columns: string[]
  bytes: string
}

/** Tables that hold rows themselves, largest first. */
export async function tablesWithRows(db: Queryable): Promise<CopyTable[]> {
  const rows = await db.query<{schema: string; name: string; columns: string[] | null; bytes: string}>(`
    select n.nspname as schema, c.relname as name, pg_table_size(c.oid)::text as bytes,
      (select json_agg(a.attname order by a.attnum) from pg_attribute a
       where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and ${USER_SCHEMA} and ${notOfExtension('pg_class', 'c.oid')}
    order by pg_table_size(c.oid) desc, 1, 2`)
  return rows.map(({schema, name, columns, bytes}) => ({
    identifier: identifier(schema, name),
    columns: (columns ?? []).map((column) => identifier(column)),
    bytes,
  }))
}

/** Tables that an earlier, killed run has already copied whole: their mark was committed with their rows. */
export async function copiedTables(target: Queryable): Promise<Set<string>> {
  const rows = await target.query<{relation: string}>(`select relation from ${OWN_SCHEMA}.copied_tables`)
  return new Set(rows.map(({relation}) => relation))
}

/**
 * Streams every table from one snapshot of the source into the target, each in one transaction together with its mark.
 * Values travel as text; nothing is parsed on the way.
 */
export async function copyRows(
  {source, target, operator}: {source: Database; target: Database; operator: Operator},
  signal: AbortSignal,
): Promise<{rows: number; bytes: number; tables: number}> {
  const already = await copiedTables(target)
  const total = {rows: 0, bytes: 0, tables: 0}
  await source.transaction(
    async (from) => {
      for (const table of await tablesWithRows(from)) {
        if (already.has(table.identifier)) continue
        const copied = await target.transaction((to) => copyTable(from, to, table, signal))
        operator.tell(`${table.identifier}: ${copied.rows.toLocaleString('en')} rows`)
        total.rows += copied.rows
        total.bytes += copied.bytes
        total.tables++
      }
    },
    {mode: 'isolation level repeatable read read only'},
  )
  return total
}

async function copyTable(from: Session, to: Session, table: CopyTable, signal: AbortSignal) {
  const what = table.columns.length > 0 ? `${table.identifier} (${table.columns.join(', ')})` : table.identifier
  const reader = from.copyOut(`copy ${what} to stdout`)
  const writer = to.copyIn(`copy ${what} from stdin`)
  const meter = new Meter()
  await pipeline(reader, meter, writer, {signal})
  const rows = writer.rowCount ?? 0
  if (reader.rowCount !== rows) {
    throw failed(
      'copy_incomplete',
      `${table.identifier}: the source sent ${reader.rowCount} rows, the target took ${rows}`,
    )
  }
  await to.query(`insert into ${OWN_SCHEMA}.copied_tables (relation, rows, bytes) values ($1, $2, $3)`, [
    table.identifier,
    rows,
    meter.bytes,
  ])
  return {rows, bytes: meter.bytes}
}

/** Passes a stream through and counts it. */
class Meter extends Transform {
  bytes = 0

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length
    done(null, chunk)
  }
}
