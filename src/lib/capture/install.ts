import {type Guard, identifier, OWN_SCHEMA} from '../postgres/catalog.js'
import type {Database, Queryable} from '../ports/ports.js'
import {type Patience, withTableLock} from '../postgres/table-lock.js'
import {CAPTURE_TRIGGER, CREATE_COMMON, createLog, DROP_COMMON, dropLog, triggersOf, TRUNCATIONS} from './log.js'
import {type Member, type Unit, unitsOf} from './units.js'

interface Lacking {
  unit: Unit
  member: Member
}

/** Tables that lack a capture trigger that always fires. */
export async function uncaptured(source: Queryable, units?: readonly Unit[]): Promise<Lacking[]> {
  const rows = await source.query<{table: string; name: string}>(`
    select tgrelid::text as table, tgname as name from pg_trigger where tgname like '${CAPTURE_TRIGGER}%' and tgenabled = 'A'`)
  const standing = new Set(rows.map(({table, name}) => `${table} ${name}`))
  return (units ?? (await unitsOf(source))).flatMap((unit) =>
    unit.members
      .filter((member) => triggersOf(unit, member).some(([name]) => !standing.has(`${member.oid} ${name}`)))
      .map((member) => ({unit, member})),
  )
}

/** Makes every table note what is written to it; returns how many tables were added. Holds each table for a moment only. */
export async function installCapture(source: Database, patience: Patience, guard: Guard): Promise<number> {
  await source.query(`${guard}; ${CREATE_COMMON}`)
  const lacking = await uncaptured(source)
  for (const {unit, member} of lacking) {
    const triggers = triggersOf(unit, member).map(
      ([name, definition]) => `
        drop trigger if exists ${name} on ${member.relation};
        create trigger ${name} ${definition};
        alter table only ${member.relation} enable always trigger ${name};`,
    )
    await withTableLock(source, patience, member.relation, `${guard}; ${createLog(unit)}; ${triggers.join('')}`)
  }
  return lacking.length
}

/** Takes every capture object off the source again. */
export async function removeCapture(source: Database, patience: Patience, guard: Guard): Promise<void> {
  await dropTriggers(source, 'true', patience, guard)
  const logs = await source.query<{oid: string}>(`
    select substr(c.relname, 5) as oid from pg_class c where c.relnamespace = to_regnamespace('${OWN_SCHEMA}') and c.relname ~ '^log_[0-9]+$'`)
  for (const {oid} of logs) await source.query(`${guard}; ${dropLog(oid)}`)
  await source.query(`${guard}; ${DROP_COMMON}`)
}

/**
 * Takes the capture of some units off: of those that are no more, and of tables whose capture shall begin anew. One that was a
 * partition still has its tree's triggers.
 */
export async function releaseUnits(
  source: Database,
  {gone, anew}: {gone: readonly string[]; anew: readonly Unit[]},
  patience: Patience,
  guard: Guard,
): Promise<void> {
  const units = [...gone, ...anew.map(({oid}) => oid)]
  if (units.length === 0) return
  const tables = anew.flatMap(({members}) => members.map(({oid}) => oid))
  const theirs = `t.tgrelid = any ('{${tables.join()}}'::oid[]) or t.tgrelid in (
    select n.tgrelid from pg_trigger n join pg_proc p on p.oid = n.tgfoid where p.proname ~ '^note_(${units.join('|')})(_|$)')`
  await dropTriggers(source, theirs, patience, guard)
  for (const oid of units)
    await source.query(`${guard}; ${dropLog(oid)}; delete from ${TRUNCATIONS} where unit = ${oid}`)
}

async function dropTriggers(source: Database, which: string, patience: Patience, guard: Guard): Promise<void> {
  const triggers = await source.query<{schema: string; table: string; name: string}>(`
    select n.nspname as schema, c.relname as table, t.tgname as name
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where t.tgname like '${CAPTURE_TRIGGER}%' and t.tgparentid = 0 and (${which})`)
  const byTable = new Map<string, string[]>()
  for (const {schema, table, name} of triggers) {
    const relation = identifier(schema, table)
    byTable.set(relation, [...(byTable.get(relation) ?? []), name])
  }
  for (const [relation, names] of byTable) {
    const drops = names.map((name) => `drop trigger if exists ${name} on ${relation}`)
    await withTableLock(source, patience, relation, `${guard}; ${drops.join('; ')}`)
  }
}
