import {OWN_SCHEMA} from '../postgres/catalog.js'
import {failed} from '../ports/errors.js'
import {streamRows} from '../postgres/copy-stream.js'
import type {Session} from '../ports/ports.js'
import {logOf, SEQ, SIGN, TRUNCATIONS} from './log.js'
import {touchedOf} from './touched.js'
import {isKeyed, rowsOf, sameKey, type CapturedTable} from './captured-table.js'
import {rowText} from '../postgres/row-text.js'

/** Both ends of one sync: a snapshot of the `from` side, whose transaction also forgets, and a transaction on the `to` side. */
export interface Ends {
  from: Session
  to: Session
  syncNumber: string
  signal: AbortSignal
}

/** Neighbouring pages of a log. */
export interface LogChunk {
  first: number
  next: number
}

export interface Applied {
  /** Entries of the log. */
  entries: number
  /** Rows that were inserted. */
  rows: number
}

/** Brings tables to the state of the snapshot, as far as the entries of their logs tell, and deletes these; `chunk`: those of some pages. */
export async function applyTables(tables: readonly CapturedTable[], ends: Ends, chunk?: LogChunk): Promise<Applied> {
  const total = {entries: 0, rows: 0}
  const truncations = await takeTruncations(tables, ends)
  for (const table of tables) {
    ends.signal.throwIfAborted()
    const cut = await applyTruncations(table, truncations.get(table.oid) ?? [], ends)
    const {entries, rows} = isKeyed(table) ? await applyKeys(table, ends, chunk) : await applyRows(table, ends, cut)
    total.entries += entries
    total.rows += rows
  }
  await ends.to.query(`update ${OWN_SCHEMA}.sync_units set last_sync = $2 where unit = any ($1::oid[])`, [
    tables.map(({oid}) => oid),
    ends.syncNumber,
  ])
  return total
}

interface Truncation {
  /** OID on the `from` side. */
  partition: string
  /** Its place among the entries of logs of whole rows. */
  seq: string
}

/** Truncations that the snapshot sees, the last one of each table; they are forgotten with it. */
async function takeTruncations(tables: readonly CapturedTable[], {from}: Ends): Promise<Map<string, Truncation[]>> {
  const rows = await from.query<Truncation & {table: string}>(
    `with gone as (delete from ${TRUNCATIONS} where unit = any ($1::oid[]) returning *)
     select unit::text as table, member::text as partition, max(seq)::text as seq from gone group by unit, member`,
    [tables.map(({oid}) => oid)],
  )
  const byTable = new Map<string, Truncation[]>()
  for (const {table, ...truncation} of rows) byTable.set(table, [...(byTable.get(table) ?? []), truncation])
  return byTable
}

/**
 * A truncated table is emptied first: every row in it now came later, and is in the log. Returns the number at which a log of
 * whole rows is cut. A truncation that an earlier sync has made, but could not delete from the log, is not made again there.
 */
async function applyTruncations(table: CapturedTable, truncations: readonly Truncation[], ends: Ends): Promise<string> {
  const {to} = ends
  if (isKeyed(table) && truncations.length === 0) return '0'
  if (table.throughRoot) {
    await deleteGone(table, ends)
    return '0'
  }
  const known = await to.queryOne<{truncation: string}>(
    `select truncation::text as truncation from ${OWN_SCHEMA}.sync_units where unit = $1::oid`,
    [table.oid],
  )
  let last = BigInt(known.truncation)
  for (const {partition, seq} of truncations) {
    if (!isKeyed(table) && BigInt(seq) <= last) continue
    const relation = table.partitions.find(({oid}) => oid === partition)?.name
    if (relation) await to.query(`delete from only ${relation}`)
    if (BigInt(seq) > last) last = BigInt(seq)
  }
  if (truncations.length > 0) {
    await to.query(`update ${OWN_SCHEMA}.sync_units set truncation = $2 where unit = $1::oid`, [
      table.oid,
      last.toString(),
    ])
  }
  return last.toString()
}

/** Which rows a partition held cannot be told where they lie in others: those go whose keys are gone. */
async function deleteGone(table: CapturedTable, {from, to, signal}: Ends): Promise<void> {
  const keys = table.key.map(({name}) => name).join(', ')
  await to.query(`create temp table present on commit drop as select ${keys} from ${touchedOf(table)} with no data`)
  await streamRows(
    {from, out: `copy (select ${keys} from ${rowsOf(table)}) to stdout`},
    {to, into: 'copy pg_temp.present from stdin'},
    table.name,
    {signal},
  )
  await to.query(
    `delete from ${rowsOf(table)} t
     where not exists (select from pg_temp.present where ${sameKey(table, 't', 'present')});
     drop table pg_temp.present`,
  )
}

const formOf = ({binary}: CapturedTable): string => (binary ? ' (format binary)' : '')

/** Deletes the rows of all touched keys and copies those that are still there: an upsert would fail where unique values changed places. */
async function applyKeys(
  table: CapturedTable,
  {from, to, syncNumber, signal}: Ends,
  chunk?: LogChunk,
): Promise<Applied> {
  const keys = table.key.map(({name}) => name).join(', ')
  const within = chunk ? ` where ctid >= '(${chunk.first},0)' and ctid < '(${chunk.next},0)'` : ''
  const form = formOf(table)
  const same = sameKey(table, 't', 'touched')
  const {rows: entries} = await streamRows(
    {from, out: `copy (select ${syncNumber}::bigint, ${keys} from ${logOf(table)}${within}) to stdout${form}`},
    {to, into: `copy ${touchedOf(table)} (heroku_rds_sync, ${keys}) from stdin${form}`},
    logOf(table),
    {signal},
  )
  if (entries === 0) return {entries, rows: 0}
  await to.query(
    `delete from ${rowsOf(table)} t
     using (select distinct ${keys} from ${touchedOf(table)} where heroku_rds_sync = ${syncNumber}) touched
     where ${same}`,
  )
  const columns = table.columns.map((column) => `t.${column}`).join(', ')
  const {rows} = await streamRows(
    {
      from,
      out: `copy (
        select ${columns}
        from ${rowsOf(table)} t
        join (select distinct ${keys} from ${logOf(table)}${within}) touched on ${same}
      ) to stdout${form}`,
    },
    {to, into: `copy ${table.name} (${table.columns.join(', ')}) from stdin${form}`},
    table.name,
    {signal},
  )
  await from.query(`delete from ${logOf(table)}${within}`)
  return {entries, rows}
}

/**
 * Nets what came and went, then takes that many equal rows away and puts that many in. Entries that an earlier sync has counted, but
 * could not delete from the log, are not counted again.
 */
async function applyRows(table: CapturedTable, {from, to, syncNumber, signal}: Ends, cut: string): Promise<Applied> {
  const list = [SIGN, SEQ, ...table.columns].join(', ')
  const form = formOf(table)
  const touched = touchedOf(table)
  const {rows: entries} = await streamRows(
    {from, out: `copy (select ${[`${syncNumber}::bigint`, list].join(', ')} from ${logOf(table)}) to stdout${form}`},
    {to, into: `copy ${touched} (heroku_rds_sync, ${list}) from stdin${form}`},
    logOf(table),
    {signal},
  )
  const fresh = `heroku_rds_sync = ${syncNumber} and ${SEQ} > ${cut} and not exists (
    select from ${touched} before where before.heroku_rds_sync < ${syncNumber} and before.${SEQ} = entry.${SEQ})`
  const some = await to.queryOne<{went: boolean}>(
    `select exists (select from ${touched} entry where ${fresh} and ${SIGN} < 0) as went`,
  )
  const rows = some.went ? await applyNet(table, to, fresh) : await insertAll(table, to, fresh)
  await to.query(`delete from ${touched} where heroku_rds_sync < ${syncNumber}`)
  await from.query(`delete from ${logOf(table)}`)
  return {entries, rows}
}

/** Where rows only came, as most tables without a key have it: the rows that are there need not be looked at. */
async function insertAll(table: CapturedTable, to: Session, fresh: string): Promise<number> {
  const columns = table.columns.join(', ')
  const come = await to.queryOne<{rows: string}>(`
    with come as (insert into ${table.name} ${columns ? `(${columns})` : ''} overriding system value
      select ${columns} from ${touchedOf(table)} entry where ${fresh} returning 1)
    select count(*)::text as rows from come`)
  return Number(come.rows)
}

async function applyNet(table: CapturedTable, to: Session, fresh: string): Promise<number> {
  const touched = touchedOf(table)
  const columns = table.columns.join(', ')
  const text = (alias: string) => rowText(table.columns, table.row, alias)
  const net = `net as (
      select ${text('entry')} as line, sum(${SIGN}) as n
      from ${touched} entry
      where ${fresh}
      group by 1)`
  const gone = await to.queryOne<{wanted: string; done: string}>(`
    with ${net},
    equal as (
      select t.ctid, ${text('t')} as line, row_number() over (partition by ${text('t')}) as i
      from ${rowsOf(table)} t
      where ${text('t')} in (select line from net where n < 0)),
    gone as (
      delete from ${rowsOf(table)} t
      using equal
      join net on net.line = equal.line
      where t.ctid = equal.ctid
        and equal.i <= -net.n
      returning 1)
    select (select coalesce(-sum(n), 0) from net where n < 0)::text as wanted,
      (select count(*) from gone)::text as done`)
  if (gone.wanted !== gone.done) {
    throw failed(
      'target_diverged',
      `${table.name}: ${gone.wanted} rows were deleted, but the copy holds only ${gone.done} of them`,
      'another session wrote to the copy: give this migration up with heroku rds:start --abandon and start again',
    )
  }
  const come = await to.queryOne<{rows: string}>(`
    with ${net},
    equal as (
      select entry.*, ${text('entry')} as heroku_rds_line,
        row_number() over (partition by ${text('entry')}) as heroku_rds_copy
      from ${touched} entry
      where ${fresh}
        and ${SIGN} > 0),
    come as (
      insert into ${table.name} ${columns ? `(${columns})` : ''} overriding system value
      select ${table.columns.map((column) => `equal.${column}`).join(', ')}
      from equal
      join net on net.line = equal.heroku_rds_line
      where equal.heroku_rds_copy <= net.n
      returning 1)
    select count(*)::text as rows from come`)
  return Number(come.rows)
}
