import {OWN_SCHEMA, literal} from '../postgres/catalog.js'
import {failed, messageOf} from '../ports/errors.js'
import {exchange, type Part, type PartCounts, type Stop} from '../postgres/copy-stream.js'
import {refusalOf} from '../postgres/refusal.js'
import {codeOf, EXCLUSION_VIOLATION, TARGET_DIVERGED, UNIQUE_VIOLATION} from '../postgres/sqlstate.js'
import type {Session} from '../ports/ports.js'
import {logOf, SEQ, SIGN, TRUNCATIONS} from './log.js'
import type {Pending, Truncation} from './look.js'
import {touchedOf} from './touched.js'
import {isKeyed, rowsOf, sameKey, type CapturedTable} from './captured-table.js'
import {rowText} from '../postgres/row-text.js'

/** Both ends of one sync: a snapshot of the `from` side, whose transaction also forgets, and a transaction on the `to` side. */
export interface Ends {
  from: Session
  to: Session
  syncNumber: string
  /** Numbers at which logs of whole rows were last cut, by table. */
  cuts: Readonly<Record<string, string>>
  signal: AbortSignal
}

/** Neighbouring pages of a log. */
export interface LogChunk {
  first: number
  next: number
}

export interface Applied {
  /** Tables they belong to. */
  tables: number
  /** Entries of the logs. */
  entries: number
  /** Rows that were inserted. */
  rows: number
  /** That went from one side to the other. */
  bytes: number
}

/**
 * Brings tables to the state of the snapshot, as far as the entries of their logs tell, and deletes these; `chunk`: those of some pages.
 * All in one message on either side.
 */
export async function applyTables(pending: readonly Pending[], ends: Ends, chunk?: LogChunk): Promise<Applied> {
  const total = {tables: pending.length, entries: 0, rows: 0, bytes: 0}
  if (pending.length === 0) return total
  const works = pending.map((each) => ({each, work: workOf(each, ends, chunk)}))
  const forget = {
    name: TRUNCATIONS,
    out: [`delete from ${TRUNCATIONS} where unit = any ('{${pending.map(({table}) => table.oid).join()}}')`],
    into: [],
  }
  const sent = (bytes: number) => {
    total.bytes += bytes
  }
  const counts = await exchange(
    ends,
    [...works.map(({work}) => work.part), forget],
    {signal: ends.signal, sent},
    explain,
  )
  for (const [nth, {each, work}] of works.entries()) {
    const {entries, forgotten, rows} = work.read(counts[nth]!)
    if (entries !== forgotten) throw notForgotten(each.table, entries, forgotten)
    total.entries += entries
    total.rows += rows
  }
  return total
}

/** What is done for one table, and what its counts mean: entries that were read, and deleted, and rows that were inserted. */
interface Work {
  part: Part
  read: (counts: PartCounts) => {entries: number; forgotten: number; rows: number}
}

function workOf(pending: Pending, ends: Ends, chunk?: LogChunk): Work {
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
function emptying(pending: Pending, {cuts}: Ends): Omit<Part, 'name'> {
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
function cutOf({table, truncations}: Pending, {cuts}: Ends): bigint {
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
function byKeys(table: CapturedTable, {syncNumber}: Ends, chunk?: LogChunk): Work {
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
function byRows(table: CapturedTable, {syncNumber}: Ends, cut: bigint): Work {
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

/** A value has moved to a row whose turn has not come yet. */
export const isTaken = (error: unknown): boolean => {
  const code = codeOf(error)
  return code === UNIQUE_VIOLATION || code === EXCLUSION_VIOLATION
}

function explain(error: unknown, {part, side}: Stop): unknown {
  if (codeOf(error) === TARGET_DIVERGED) {
    return failed(
      'target_diverged',
      `${part.name}: ${messageOf(error)}`,
      'another session wrote to the copy: give this migration up with heroku rds:start --abandon and start again',
    )
  }
  return isTaken(error)
    ? error
    : refusalOf(error, `changes of ${part.name} could not be ${side === 'to' ? 'applied' : 'read'}`)
}

const notForgotten = ({name}: CapturedTable, entries: number, forgotten: number) =>
  failed(
    'copy_incomplete',
    `${name}: ${entries} entries of its log were read, but ${forgotten} deleted`,
    'run the same command again',
  )
