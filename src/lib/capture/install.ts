import {type Guard, identifier, OWN_SCHEMA} from '../postgres/catalog.js'
import type {Database, Queryable} from '../ports/ports.js'
import {alterTables, type Patience} from '../postgres/table-lock.js'
import {batchesOf} from '../flow/batches.js'
import {CAPTURE_TRIGGER, CREATE_COMMON, createLog, DROP_COMMON, dropLog, triggersOf, TRUNCATIONS} from './log.js'
import {type Partition, type CapturedTable, tablesToCapture} from './captured-table.js'

interface Lacking {
  table: CapturedTable
  partition: Partition
}

/** Tables that lack a capture trigger that always fires. */
export async function uncaptured(from: Queryable, tables?: readonly CapturedTable[]): Promise<Lacking[]> {
  const rows = await from.query<{table: string; name: string}>(`
    select tgrelid::text as table, tgname as name
    from pg_trigger
    where tgname like '${CAPTURE_TRIGGER}%' and tgenabled = 'A'`)
  const standing = new Set(rows.map(({table, name}) => `${table} ${name}`))
  return (tables ?? (await tablesToCapture(from))).flatMap((table) =>
    table.partitions
      .filter((partition) => triggersOf(table, partition).some(([name]) => !standing.has(`${partition.oid} ${name}`)))
      .map((partition) => ({table, partition})),
  )
}

/** Makes every table note what is written to it; returns how many tables were added. Holds each table for a moment only. */
export async function installCapture(from: Database, patience: Patience, guard: Guard): Promise<number> {
  await from.query(`${guard}; ${CREATE_COMMON}`)
  const lacking = await uncaptured(from)
  const work = lacking.map(({table, partition}) => {
    const triggers = triggersOf(table, partition).map(
      ([name, definition]) => `
        drop trigger if exists ${name} on ${partition.name};
        create trigger ${name} ${definition};
        alter table only ${partition.name} enable always trigger ${name};`,
    )
    return {name: partition.name, statements: `${createLog(table)}; ${triggers.join('')}`}
  })
  await alterTables(from, patience, work, guard)
  return lacking.length
}

/** Dropped in one message: a server has room for 64 locks of each of its connections. */
const LOGS_AT_ONCE = 100

/** Removes every capture object. */
export async function removeCapture(from: Database, patience: Patience, guard: Guard): Promise<void> {
  await dropTriggers(from, 'true', patience, guard)
  const logs = await from.query<{oid: string}>(`
    select substr(c.relname, 5) as oid
    from pg_class c
    where c.relnamespace = to_regnamespace('${OWN_SCHEMA}') and c.relname ~ '^log_[0-9]+$'`)
  for (const some of batchesOf(logs, LOGS_AT_ONCE))
    await from.query([guard, ...some.map(({oid}) => dropLog(oid))].join(';'))
  await from.query(`${guard}; ${DROP_COMMON}`)
}

/**
 * Removes the capture of some tables: of those that are gone, and of those whose capture starts over. A table that was a partition still
 * has its tree's triggers.
 */
export async function releaseTables(
  from: Database,
  {gone, again}: {gone: readonly string[]; again: readonly CapturedTable[]},
  patience: Patience,
  guard: Guard,
): Promise<void> {
  const oids = [...gone, ...again.map(({oid}) => oid)]
  if (oids.length === 0) return
  const partitions = again.flatMap((table) => table.partitions.map(({oid}) => oid))
  const theirs = `t.tgrelid = any ('{${partitions.join()}}'::oid[]) or t.tgrelid in (
    select n.tgrelid
    from pg_trigger n
    join pg_proc p on p.oid = n.tgfoid
    where p.proname ~ '^note_(${oids.join('|')})(_|$)')`
  await dropTriggers(from, theirs, patience, guard)
  for (const oid of oids) await from.query(`${guard}; ${dropLog(oid)}; delete from ${TRUNCATIONS} where unit = ${oid}`)
}

async function dropTriggers(from: Database, which: string, patience: Patience, guard: Guard): Promise<void> {
  const triggers = await from.query<{schema: string; table: string; name: string}>(`
    select n.nspname as schema, c.relname as table, t.tgname as name
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where t.tgname like '${CAPTURE_TRIGGER}%' and t.tgparentid = 0 and (${which})`)
  const byTable = new Map<string, string[]>()
  for (const {schema, table, name} of triggers) {
    const relation = identifier(schema, table)
    byTable.set(relation, [...(byTable.get(relation) ?? []), name])
  }
  const work = [...byTable].map(([name, names]) => ({
    name,
    statements: names.map((trigger) => `drop trigger if exists ${trigger} on ${name}`).join('; '),
  }))
  await alterTables(from, patience, work, guard)
}
