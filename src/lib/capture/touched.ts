import {batchesOf} from '../flow/batches.js'
import {SEQ, SIGN} from './log.js'
import {isKeyed, type CapturedTable} from './captured-table.js'
import type {Database, Queryable} from '../ports/ports.js'
import {withoutDomains} from '../postgres/plain-types.js'
import {type Guard, literal, OWN_SCHEMA} from '../postgres/catalog.js'

/*
 * What each sync brought, kept on the target: it tells a verification in the window what it has to look at again, and a sync
 * that is done over which rows without a key it has counted already.
 */

export const touchedOf = ({oid}: Pick<CapturedTable, 'oid'>): string => `${OWN_SCHEMA}.touched_${oid}`

/** Tables in one message: each of them takes several locks until its end, and a server has room for 64 of each connection. */
const TABLES_AT_ONCE = 100

/** Makes the tables that syncs write to; repeatable. The captured tables must be there. */
export async function prepareTouched(to: Database, tables: readonly CapturedTable[], guard: Guard): Promise<void> {
  for (const batch of batchesOf(tables, TABLES_AT_ONCE)) await to.query([guard, ...batch.map(createTouched)].join('; '))
}

function createTouched(table: CapturedTable): string {
  const columns = isKeyed(table) ? table.key.map(({name}) => name) : table.columns
  const extra = isKeyed(table)
    ? ''
    : `add column if not exists ${SIGN} smallint, add column if not exists ${SEQ} bigint,`
  return `
    create table if not exists ${touchedOf(table)} as select ${columns.join(', ')} from ${table.name} with no data;
    ${withoutDomains(touchedOf(table))};
    alter table ${touchedOf(table)} ${extra} add column if not exists heroku_rds_sync bigint not null;
    create index if not exists touched_${table.oid}_sync on ${touchedOf(table)} (heroku_rds_sync);
    insert into ${OWN_SCHEMA}.sync_units (unit, relation, recorded_from)
      select ${table.oid}, ${literal(table.name)}, nth + 1
      from ${OWN_SCHEMA}.sync_state
      on conflict do nothing`
}

/** Units that have no such table yet. */
export async function unprepared(to: Queryable, tables: readonly CapturedTable[]): Promise<CapturedTable[]> {
  const rows = await to.query<{table: string}>(`select unit::text as table from ${OWN_SCHEMA}.sync_units`)
  const ready = new Set(rows.map(({table}) => table))
  return tables.filter(({oid}) => !ready.has(oid))
}

/** Takes them off again, with all that is known of syncs; for a target that is emptied. */
export async function forgetSyncs(to: Queryable): Promise<void> {
  const rows = await to.query<{name: string}>(
    `select relname as name
     from pg_class
     where relnamespace = to_regnamespace('${OWN_SCHEMA}') and relkind = 'r' and relname ~ '^touched_[0-9]+$'`,
  )
  for (const batch of batchesOf(rows, TABLES_AT_ONCE))
    await to.query(batch.map(({name}) => `drop table if exists ${OWN_SCHEMA}.${name}`).join('; '))
  await to.query(
    `truncate ${OWN_SCHEMA}.sync_units, ${OWN_SCHEMA}.sync_state; insert into ${OWN_SCHEMA}.sync_state default values`,
  )
}

/** Forgets what is known of some tables, as if no sync had ever copied anything of them. */
export async function forgetTables(session: Queryable, oids: readonly string[]): Promise<void> {
  await session.query(
    [
      ...oids.map((oid) => `drop table if exists ${touchedOf({oid})}`),
      `delete from ${OWN_SCHEMA}.sync_units where unit = any ('{${oids.join()}}')`,
    ].join('; '),
  )
}

/** The share of a table that can be touched before all of it has to be verified again. */
const MOST_TOUCHED = 0.2

const ALWAYS_ALLOWED_BYTES = 64 * 1024 ** 2

/** Lets go of records of touched keys that have grown out of proportion; returns the tables that lost their proof by it. */
export async function pruneTouched(to: Database, tables: readonly CapturedTable[], guard: Guard): Promise<string[]> {
  const keyed = tables.filter(isKeyed)
  const large = await to.query<{oid: string}>(
    `select listed.oid
     from json_to_recordset($1) listed (oid text, names json)
     cross join lateral (
       select sum(pg_relation_size(name::regclass)) as bytes from json_array_elements_text(listed.names) name) rows
     where pg_relation_size(('${OWN_SCHEMA}.touched_' || listed.oid)::regclass)
       >= greatest(${ALWAYS_ALLOWED_BYTES}, ${MOST_TOUCHED} * rows.bytes)`,
    [JSON.stringify(keyed.map(({oid, partitions}) => ({oid, names: partitions.map(({name}) => name)})))],
  )
  const pruned = keyed.filter((table) => large.some(({oid}) => oid === table.oid))
  for (const table of pruned) {
    await to.query(`${guard}; truncate ${touchedOf(table)};
      update ${OWN_SCHEMA}.sync_units set verified_sync = null, verified_at = null,
        recorded_from = (select nth + 1 from ${OWN_SCHEMA}.sync_state) where unit = ${table.oid}`)
  }
  return pruned.map(({name}) => name)
}
