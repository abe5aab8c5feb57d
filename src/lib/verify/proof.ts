import {touchedOf} from '../capture/touched.js'
import {isKeyed, type CapturedTable} from '../capture/captured-table.js'
import {batchesOf} from '../flow/batches.js'
import type {Database, Queryable} from '../ports/ports.js'
import type {Question} from '../postgres/answers.js'
import {literal, OWN_SCHEMA} from '../postgres/catalog.js'
import type {HorizonPair} from './xmin-horizon.js'

/*
 * Which captured tables were found equal, and at which sync: from then on only what was touched can differ, and the touched keys are
 * recorded.
 */

/** A table that was found equal; `horizon` is what a later comparison needs to know of one without a key. */
export interface Equal {
  table: CapturedTable
  rows: bigint
  horizon?: HorizonPair | undefined
}

/** Tables noted in one message: a server keeps room for 64 locks of each of its connections. */
const AT_ONCE = 250

/** From this sync on, only what is touched in these tables can differ – if all that was touched since has been recorded. */
export async function noteVerified(to: Database, tables: readonly Equal[], syncNumber: string): Promise<void> {
  for (const some of batchesOf(tables, AT_ONCE)) {
    const statements = some.flatMap(({table, rows, horizon}) => [
      `update ${OWN_SCHEMA}.sync_units
       set verified_sync = ${syncNumber}, verified_at = clock_timestamp(),
         verified_rows = ${rows}, settled = ${jsonOrNull(horizon)}
       where unit = ${table.oid} and recorded_from <= ${syncNumber}`,
      ...letGo(table, syncNumber),
    ])
    await to.query(statements.join(';'))
  }
}

const jsonOrNull = (value: HorizonPair | undefined): string =>
  value === undefined ? 'null' : literal(JSON.stringify(value))

/** What was touched up to there need not be looked at again. */
const letGo = (table: CapturedTable, syncNumber: string): string[] =>
  isKeyed(table) ? [`delete from ${touchedOf(table)} where heroku_rds_sync <= ${syncNumber}`] : []

/** A table of which all that was touched is equal. */
export interface StillEqual {
  table: CapturedTable
  horizon?: HorizonPair
}

/** What was touched up to this sync is equal too. The rest is as old a proof as before; a table that has lost it meanwhile stays so. */
export async function noteTouchedVerified(
  to: Database,
  tables: readonly StillEqual[],
  syncNumber: string,
): Promise<void> {
  for (const some of batchesOf(tables, AT_ONCE)) {
    const statements = some.flatMap(({table, horizon}) => [
      `update ${OWN_SCHEMA}.sync_units
       set verified_sync = ${syncNumber}, settled = ${jsonOrNull(horizon)}
       where unit = ${table.oid} and verified_sync < ${syncNumber}`,
      ...letGo(table, syncNumber).map(
        (sql) => `${sql}
          and exists (select from ${OWN_SCHEMA}.sync_units where unit = ${table.oid} and verified_sync = ${syncNumber})`,
      ),
    ])
    await to.query(statements.join(';'))
  }
}

export const forgetVerified = (to: Database, table: CapturedTable): Promise<unknown> =>
  to.query(`update ${OWN_SCHEMA}.sync_units set verified_sync = null, verified_at = null where unit = $1::oid`, [
    table.oid,
  ])

export interface Verified {
  /** Captured tables that were found equal, and how many there are. */
  tables: number
  of: number
  /** When the oldest of these verifications ended, as the target prints it; null when there is none. */
  since: string | null
  rows: string
}

/** What is proven so far. */
export const VERIFIED: Question<Verified> = {
  query: `
    select json_build_object('tables', count(verified_sync), 'of', count(*), 'since', min(verified_at)::text,
      'rows', coalesce(sum(verified_rows), 0)::text)
    from ${OWN_SCHEMA}.sync_units`,
}

/** SQL of a table of what was written to, and all that it leads to by inheritance, from one side of `pg_inherits` to the other. */
const reached = (name: string, from: string, next: string): string => `
  ${name} (sync, relid) as (
    select sync, to_regclass(relation)::oid
    from ${OWN_SCHEMA}.landed_writes
    union
    select ${name}.sync, i.${next}
    from ${name}
    join pg_inherits i on i.${from} = ${name}.relid)`

/**
 * SQL: what else has written to the target, a smoke command or whoever could pass its fence, and after which sync; by table, its heirs and
 * partitions, and what it is a part of. It goes ahead of a query that asks `IS_DOUBTED`.
 */
export const WITH_DOUBTS = `
  with recursive ${reached('down', 'inhparent', 'inhrelid')}, ${reached('up', 'inhrelid', 'inhparent')},
  doubts as (
    select sync, relid from down
    union
    select sync, relid from up)`

/** SQL condition on `sync_units u`: a write came after it was verified. */
export const IS_DOUBTED = `exists (
    select from doubts
    where doubts.relid = to_regclass(u.relation) and doubts.sync >= u.verified_sync)`

/** OIDs of captured tables of which there is no proof, or only a proof older than `hours`. */
export async function unproven(to: Queryable, hours: number): Promise<Set<string>> {
  const rows = await to.query<{table: string}>(
    `${WITH_DOUBTS}
     select u.unit::text as table
     from ${OWN_SCHEMA}.sync_units u
     where u.verified_sync is null
       or u.verified_at < clock_timestamp() - make_interval(hours => $1::int)
       or ${IS_DOUBTED}`,
    [hours],
  )
  return new Set(rows.map(({table}) => table))
}
