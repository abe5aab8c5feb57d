import {OWN_SCHEMA} from '../postgres/catalog.js'
import {failed} from '../ports/errors.js'
import {streamRows} from '../postgres/copy-stream.js'
import type {Session} from '../ports/ports.js'
import {logOf, NTH, SIGN, TRUNCATIONS} from './log.js'
import {touchedOf} from './touched.js'
import {isKeyed, rowsOf, sameKey, type Unit} from './units.js'

/** Both ends of one sync: a snapshot of the source that also forgets, and a transaction of the target. */
export interface Ends {
  from: Session
  to: Session
  /** The number of the sync. */
  nth: string
  signal: AbortSignal
}

/** A run of pages of the log; all of it where it is left out. */
export interface Pages {
  first: number
  next: number
}

export interface Applied {
  /** Entries of the log. */
  entries: number
  /** Rows that the target got. */
  rows: number
}

/** Brings units to the state of the snapshot, as far as the entries of their logs tell, and forgets these. */
export async function applyUnits(units: readonly Unit[], ends: Ends, pages?: Pages): Promise<Applied> {
  const total = {entries: 0, rows: 0}
  const truncations = await takeTruncations(units, ends)
  for (const unit of units) {
    ends.signal.throwIfAborted()
    const cut = await applyTruncations(unit, truncations.get(unit.oid) ?? [], ends)
    const {entries, rows} = isKeyed(unit) ? await applyKeys(unit, ends, pages) : await applyRows(unit, ends, cut)
    total.entries += entries
    total.rows += rows
  }
  await ends.to.query(`update ${OWN_SCHEMA}.sync_units set last_sync = $2 where unit = any ($1::oid[])`, [
    units.map(({oid}) => oid),
    ends.nth,
  ])
  return total
}

interface Truncation {
  member: string
  nth: string
}

/** Truncations that the snapshot sees, the last one of each table; they are forgotten with it. */
async function takeTruncations(units: readonly Unit[], {from}: Ends): Promise<Map<string, Truncation[]>> {
  const rows = await from.query<Truncation & {unit: string}>(
    `with gone as (delete from ${TRUNCATIONS} where unit = any ($1::oid[]) returning *)
     select unit::text as unit, member::text as member, max(nth)::text as nth from gone group by unit, member`,
    [units.map(({oid}) => oid)],
  )
  const byUnit = new Map<string, Truncation[]>()
  for (const {unit, ...truncation} of rows) byUnit.set(unit, [...(byUnit.get(unit) ?? []), truncation])
  return byUnit
}

/**
 * What was truncated is emptied first: whatever is in it now came later, and is in the log. Returns the number at which a log of
 * whole rows is cut. A truncation that an earlier sync has made, of which the source did not hear, is not made again there.
 */
async function applyTruncations(unit: Unit, truncations: readonly Truncation[], {to}: Ends): Promise<string> {
  if (isKeyed(unit) && truncations.length === 0) return '0'
  const known = await to.queryOne<{truncation: string}>(
    `select truncation::text as truncation from ${OWN_SCHEMA}.sync_units where unit = $1::oid`,
    [unit.oid],
  )
  let last = BigInt(known.truncation)
  for (const {member, nth} of truncations) {
    if (!isKeyed(unit) && BigInt(nth) <= last) continue
    const relation = unit.members.find(({oid}) => oid === member)?.relation
    if (relation) await to.query(`delete from only ${relation}`)
    if (BigInt(nth) > last) last = BigInt(nth)
  }
  if (truncations.length > 0) {
    await to.query(`update ${OWN_SCHEMA}.sync_units set truncation = $2 where unit = $1::oid`, [
      unit.oid,
      last.toString(),
    ])
  }
  return last.toString()
}

const formOf = ({binary}: Unit): string => (binary ? ' (format binary)' : '')

/** Deletes the rows of all touched keys and copies those that are still there: an upsert would fail where unique values changed places. */
async function applyKeys(unit: Unit, {from, to, nth, signal}: Ends, pages?: Pages): Promise<Applied> {
  const keys = unit.key.map(({name}) => name).join(', ')
  const within = pages ? ` where ctid >= '(${pages.first},0)' and ctid < '(${pages.next},0)'` : ''
  const form = formOf(unit)
  const same = sameKey(unit, 't', 'touched')
  const {rows: entries} = await streamRows(
    {from, out: `copy (select ${nth}::bigint, ${keys} from ${logOf(unit)}${within}) to stdout${form}`},
    {to, into: `copy ${touchedOf(unit)} (heroku_rds_sync, ${keys}) from stdin${form}`},
    logOf(unit),
    {signal},
  )
  if (entries === 0) return {entries, rows: 0}
  await to.query(
    `delete from ${rowsOf(unit)} t using (select distinct ${keys} from ${touchedOf(unit)} where heroku_rds_sync = ${nth}) touched where ${same}`,
  )
  const columns = unit.columns.map((column) => `t.${column}`).join(', ')
  const {rows} = await streamRows(
    {
      from,
      out: `copy (select ${columns} from ${rowsOf(unit)} t join (select distinct ${keys} from ${logOf(unit)}${within}) touched on ${same}) to stdout${form}`,
    },
    {to, into: `copy ${unit.relation} (${unit.columns.join(', ')}) from stdin${form}`},
    unit.relation,
    {signal},
  )
  await from.query(`delete from ${logOf(unit)}${within}`)
  return {entries, rows}
}

/**
 * Nets what came and went, then takes that many equal rows away and puts that many in. Entries that an earlier sync has
 * counted, whose end the source did not hear of, are not counted again.
 */
async function applyRows(unit: Unit, {from, to, nth, signal}: Ends, cut: string): Promise<Applied> {
  const list = [SIGN, NTH, ...unit.columns].join(', ')
  const form = formOf(unit)
  const touched = touchedOf(unit)
  const {rows: entries} = await streamRows(
    {from, out: `copy (select ${[`${nth}::bigint`, list].join(', ')} from ${logOf(unit)}) to stdout${form}`},
    {to, into: `copy ${touched} (heroku_rds_sync, ${list}) from stdin${form}`},
    logOf(unit),
    {signal},
  )
  const fresh = `heroku_rds_sync = ${nth} and ${NTH} > ${cut} and not exists (
    select from ${touched} before where before.heroku_rds_sync < ${nth} and before.${NTH} = entry.${NTH})`
  const some = await to.queryOne<{went: boolean}>(
    `select exists (select from ${touched} entry where ${fresh} and ${SIGN} < 0) as went`,
  )
  const rows = some.went ? await applyNet(unit, to, fresh) : await insertAll(unit, to, fresh)
  await to.query(`delete from ${touched} where heroku_rds_sync < ${nth}`)
  await from.query(`delete from ${logOf(unit)}`)
  return {entries, rows}
}

/** Where rows only came, as most tables without a key have it: the rows that are there need not be looked at. */
async function insertAll(unit: Unit, to: Session, fresh: string): Promise<number> {
  const columns = unit.columns.join(', ')
  const come = await to.queryOne<{rows: string}>(`
    with come as (insert into ${unit.relation} ${columns ? `(${columns})` : ''} overriding system value
      select ${columns} from ${touchedOf(unit)} entry where ${fresh} returning 1)
    select count(*)::text as rows from come`)
  return Number(come.rows)
}

async function applyNet(unit: Unit, to: Session, fresh: string): Promise<number> {
  const touched = touchedOf(unit)
  const columns = unit.columns.join(', ')
  const text = (alias: string) => `row(${unit.columns.map((column) => `${alias}.${column}`).join(', ')})::text`
  const net = `net as (select ${text('entry')} as line, sum(${SIGN}) as n from ${touched} entry where ${fresh} group by 1)`
  const gone = await to.queryOne<{wanted: string; done: string}>(`
    with ${net}, equal as (
      select t.ctid, ${text('t')} as line, row_number() over (partition by ${text('t')}) as i from ${rowsOf(unit)} t
      where ${text('t')} in (select line from net where n < 0)),
    gone as (delete from ${rowsOf(unit)} t using equal join net on net.line = equal.line where t.ctid = equal.ctid and equal.i <= -net.n returning 1)
    select (select coalesce(-sum(n), 0) from net where n < 0)::text as wanted, (select count(*) from gone)::text as done`)
  if (gone.wanted !== gone.done) {
    throw failed(
      'target_diverged',
      `${unit.relation}: ${gone.wanted} rows went on the source, of which the target had ${gone.done}`,
      'somebody wrote to the target: give this migration up with heroku rds:start --abandon and start again',
    )
  }
  const come = await to.queryOne<{rows: string}>(`
    with ${net}, equal as (
      select entry.*, ${text('entry')} as heroku_rds_line, row_number() over (partition by ${text('entry')}) as heroku_rds_copy
      from ${touched} entry where ${fresh} and ${SIGN} > 0),
    come as (insert into ${unit.relation} ${columns ? `(${columns})` : ''} overriding system value
      select ${unit.columns.map((column) => `equal.${column}`).join(', ')} from equal join net on net.line = equal.heroku_rds_line
      where equal.heroku_rds_copy <= net.n returning 1)
    select count(*)::text as rows from come`)
  return Number(come.rows)
}
