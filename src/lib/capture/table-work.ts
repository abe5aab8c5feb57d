import {OWN_SCHEMA, literal} from '../postgres/catalog.js'
import type {Part, PartCounts} from '../postgres/copy-stream.js'
import {rowText} from '../postgres/row-text.js'
import {TARGET_DIVERGED} from '../postgres/sqlstate.js'
import {isKeyed, rowsOf, sameKey, type CapturedTable} from './captured-table.js'
import {logOf, SEQ, SIGN} from './log.js'
import type {Pending, Truncation} from './look.js'
import {touchedOf} from './touched.js'

/** Numbers that the statements of one sync rest on. */
export interface SyncNumbers {
  syncNumber: string
  /** Numbers at which logs of whole rows were last cut, by table. */
  cuts: Readonly<Record<string, string>>
}

/** Neighbouring pages of a log. */
export interface LogChunk {
  first: number
  next: number
}

/** What is done for one table, and what its counts mean: entries that were read, and deleted, and rows that were inserted. */
interface Work {
  part: Part
  read: (counts: PartCounts) => {entries: number; forgotten: number; rows: number}
}

/** What brings one table to the state of the snapshot, as far as the entries of its log tell, and deletes these; `chunk`: those of some pages. */
export function workOf(pending: Pending, ends: SyncNumbers, chunk?: LogChunk): Work {
  const {table} = pending
  const emptied = emptying(pending, ends)
  const {part, read} = isKeyed(table) ? byKeys(table, ends, chunk) : byRows(table, ends, cutOf(pending, ends))
  return {
    part: {name: table.name, out: [...emptied.out, ...part.out], into: [...emptied.into, ...part.into]},
    read: ({out, into}) => read({out: out.slice(emptied.out.length), into: into.slice(emptied.into.length)}),
  }
}

/**
 * A truncated table is emptied first: every row in it now came later, and is in the log. A truncation that an earlier sync has made, but
 * could not delete from the log, is not made again in one of whole rows.
 */
function emptying(pending: Pending, {cuts}: SyncNumbers): Omit<Part, 'name'> {
  const {table, truncations} = pending
  if (truncations.length === 0) return {out: [], into: []}
  if (table.throughRoot) return deletingGone(table)
  const fresh = truncations.filter(({seq}) => isKeyed(table) || BigInt(seq) > BigInt(cuts[table.oid]!))
  const emptied = table.partitions.filter(({oid}) => fresh.some(({partition}) => partition === oid))
  return {
    out: [],
    into: [
      ...emptied.map(({name}) => `delete from only ${name}`),
      `update ${OWN_SCHEMA}.sync_units
       set truncation = greatest(truncation, ${lastOf(truncations)})
       where unit = ${table.oid}`,
    ],
  }
}

const lastOf = (truncations: readonly Truncation[]): bigint =>
  truncations.reduce((last, {seq}) => (BigInt(seq) > last ? BigInt(seq) : last), 0n)

/** The number up to which a log of whole rows tells of rows that are gone. */
function cutOf({table, truncations}: Pending, {cuts}: SyncNumbers): bigint {
  const [known, now] = [BigInt(cuts[table.oid]!), lastOf(truncations)]
  return known > now ? known : now
}

/** Which rows a partition held cannot be told where they lie in others: those go whose keys are gone. */
function deletingGone(table: CapturedTable): Omit<Part, 'name'> {
  const keys = table.key.map(({name}) => name).join(', ')
  const present = `pg_temp.present_${table.oid}`
  return {
    out: [`copy (select ${keys} from ${rowsOf(table)}) to stdout`],
    into: [
      `create temp table ${present} on commit drop as select ${keys} from ${touchedOf(table)} with no data`,
      `copy ${present} from stdin`,
      `delete from ${rowsOf(table)} t
       where not exists (select from ${present} present where ${sameKey(table, 't', 'present')})`,
    ],
  }
}

const formOf = ({binary}: CapturedTable): string => (binary ? ' (format binary)' : '')

/** Deletes the rows of all touched keys and copies those that are still there: an upsert would fail where unique values changed places. */
function byKeys(table: CapturedTable, {syncNumber}: SyncNumbers, chunk?: LogChunk): Work {
  const keys = table.key.map(({name}) => name).join(', ')
  const columns = table.columns.map((column) => `t.${column}`).join(', ')
  const within = chunk ? ` where ctid >= '(${chunk.first},0)' and ctid < '(${chunk.next},0)'` : ''
  const form = formOf(table)
  const same = sameKey(table, 't', 'touched')
  return {
    part: {
      name: table.name,
      out: [
        `copy (select ${syncNumber}::bigint, ${keys} from ${logOf(table)}${within}) to stdout${form}`,
        `copy (
           select ${columns}
           from ${rowsOf(table)} t
           join (select distinct ${keys} from ${logOf(table)}${within}) touched on ${same}
         ) to stdout${form}`,
        `delete from ${logOf(table)}${within}`,
      ],
      into: [
        `copy ${touchedOf(table)} (heroku_rds_sync, ${keys}) from stdin${form}`,
        `delete from ${rowsOf(table)} t
         using (select distinct ${keys} from ${touchedOf(table)} where heroku_rds_sync = ${syncNumber}) touched
         where ${same}`,
        `copy ${table.name} (${table.columns.join(', ')}) from stdin${form}`,
      ],
    },
    read: ({out, into}) => ({entries: out[0]!, forgotten: out[2]!, rows: into[2]!}),
  }
}

/**
 * Nets what came and went, then takes that many equal rows away and puts that many in. Entries that an earlier sync has counted, but
 * could not delete from the log, are not counted again. Where rows only came, as most tables without a key have it, the rows that are
 * there are not looked at.
 */
function byRows(table: CapturedTable, {syncNumber}: SyncNumbers, cut: bigint): Work {
  const columns = table.columns.join(', ')
  const list = [SIGN, SEQ, ...table.columns].join(', ')
  const form = formOf(table)
  const touched = touchedOf(table)
  const fresh = `entry.heroku_rds_sync = ${syncNumber} and entry.${SEQ} > ${cut} and not exists (
    select from ${touched} before where before.heroku_rds_sync < ${syncNumber} and before.${SEQ} = entry.${SEQ})`
  const someWent = `exists (select from ${touched} entry where ${fresh} and entry.${SIGN} < 0)`
  const insert = `insert into ${table.name} ${columns ? `(${columns})` : ''} overriding system value`
  const text = (alias: string) => rowText(table.columns, table.row, alias)
  const net = `net as (
      select ${text('entry')} as line, sum(entry.${SIGN}) as n
      from ${touched} entry
      where ${fresh}
      group by 1)`
  const takeAway = `
    do ${literal(`
    declare heroku_rds_wanted bigint; heroku_rds_done bigint;
    begin
      if not ${someWent} then return; end if;
      with ${net},
      equal as (
        select t.ctid, ${text('t')} as line, row_number() over (partition by ${text('t')}) as i
        from ${rowsOf(table)} t
        where ${text('t')} in (select net.line from net where net.n < 0)),
      gone as (
        delete from ${rowsOf(table)} t
        using equal
        join net on net.line = equal.line
        where t.ctid = equal.ctid
          and equal.i <= -net.n
        returning 1)
      select (select coalesce(-sum(net.n), 0) from net where net.n < 0), (select count(*) from gone)
      into heroku_rds_wanted, heroku_rds_done;
      if heroku_rds_wanted <> heroku_rds_done then
        raise exception using errcode = '${TARGET_DIVERGED}', message = format(
          '%s rows were deleted, but the copy holds only %s of them', heroku_rds_wanted, heroku_rds_done);
      end if;
    end`)}`
  const putIn = `
    with ${net},
    equal as (
      select entry.*, ${text('entry')} as heroku_rds_line,
        row_number() over (partition by ${text('entry')}) as heroku_rds_copy
      from ${touched} entry
      where ${fresh}
        and entry.${SIGN} > 0)
    ${insert}
    select ${table.columns.map((column) => `equal.${column}`).join(', ')}
    from equal
    join net on net.line = equal.heroku_rds_line
    where equal.heroku_rds_copy <= net.n
      and ${someWent}`
  const putAllIn = `
    ${insert}
    select ${table.columns.map((column) => `entry.${column}`).join(', ')}
    from ${touched} entry
    where ${fresh}
      and not ${someWent}`
  return {
    part: {
      name: table.name,
      out: [
        `copy (select ${syncNumber}::bigint, ${list} from ${logOf(table)}) to stdout${form}`,
        `delete from ${logOf(table)}`,
      ],
      into: [
        `copy ${touched} (heroku_rds_sync, ${list}) from stdin${form}`,
        takeAway,
        putIn,
        putAllIn,
        `delete from ${touched} where heroku_rds_sync < ${syncNumber}`,
      ],
    },
    read: ({out, into}) => ({entries: out[0]!, forgotten: out[1]!, rows: into[2]! + into[3]!}),
  }
}
