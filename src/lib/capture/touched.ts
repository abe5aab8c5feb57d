import {NTH, SIGN} from './log.js'
import {isKeyed, type Unit} from './units.js'
import type {Database, Queryable} from '../ports/ports.js'
import {type Guard, literal, OWN_SCHEMA} from '../postgres/catalog.js'

/*
 * What each sync brought, kept on the target: it tells a verification in the window what it has to look at again, and a sync
 * that is done over which rows without a key it has counted already.
 */

export const touchedOf = ({oid}: Pick<Unit, 'oid'>): string => `${OWN_SCHEMA}.touched_${oid}`

/** Makes the tables that syncs write to; repeatable. The tables of the units must be there. */
export async function prepareTouched(target: Database, units: readonly Unit[], guard: Guard): Promise<void> {
  for (const unit of units) {
    const columns = isKeyed(unit) ? unit.key.map(({name}) => name) : unit.columns
    const extra = isKeyed(unit)
      ? ''
      : `add column if not exists ${SIGN} smallint, add column if not exists ${NTH} bigint,`
    await target.query(`${guard};
      create table if not exists ${touchedOf(unit)} as select ${columns.join(', ')} from ${unit.relation} with no data;
      alter table ${touchedOf(unit)} ${extra} add column if not exists heroku_rds_sync bigint not null;
      create index if not exists touched_${unit.oid}_sync on ${touchedOf(unit)} (heroku_rds_sync);
      insert into ${OWN_SCHEMA}.sync_units (unit, relation, recorded_from) select ${unit.oid}, ${literal(unit.relation)}, nth + 1 from ${OWN_SCHEMA}.sync_state on conflict do nothing`)
  }
}

/** Units that have no such table yet. */
export async function unprepared(target: Queryable, units: readonly Unit[]): Promise<Unit[]> {
  const rows = await target.query<{unit: string}>(`select unit::text as unit from ${OWN_SCHEMA}.sync_units`)
  const ready = new Set(rows.map(({unit}) => unit))
  return units.filter(({oid}) => !ready.has(oid))
}

/** Takes them off again, with all that is known of syncs; for a target that is emptied. */
export async function forgetSyncs(target: Queryable): Promise<void> {
  const rows = await target.query<{name: string}>(
    `select relname as name from pg_class where relnamespace = to_regnamespace('${OWN_SCHEMA}') and relkind = 'r' and relname ~ '^touched_[0-9]+$'`,
  )
  for (const {name} of rows) await target.query(`drop table if exists ${OWN_SCHEMA}.${name}`)
  await target.query(
    `truncate ${OWN_SCHEMA}.sync_units, ${OWN_SCHEMA}.sync_state; insert into ${OWN_SCHEMA}.sync_state default values`,
  )
}

/** Forgets what is known of some units, as if no sync had ever brought anything of them. */
export async function forgetUnits(session: Queryable, oids: readonly string[]): Promise<void> {
  for (const oid of oids) await session.query(`drop table if exists ${touchedOf({oid})}`)
  await session.query(`delete from ${OWN_SCHEMA}.sync_units where unit = any ($1::oid[])`, [oids])
}

/** A unit of which too much was touched to look at it again in the window must be verified anew. */
const MOST_TOUCHED = 0.2

const ALWAYS_ALLOWED_BYTES = 64 * 1024 ** 2

/** Lets go of records of touched keys that have grown out of proportion; returns the tables that lost their proof by it. */
export async function pruneTouched(target: Database, units: readonly Unit[], guard: Guard): Promise<string[]> {
  const pruned: string[] = []
  for (const unit of units.filter(isKeyed)) {
    const size = await target.queryOne<{touched: string; rows: string}>(
      `select pg_relation_size('${touchedOf(unit)}')::text as touched,
         (select sum(pg_relation_size(name::regclass)) from json_array_elements_text($1::json) name)::text as rows`,
      [JSON.stringify(unit.members.map(({relation}) => relation))],
    )
    if (Number(size.touched) < Math.max(ALWAYS_ALLOWED_BYTES, MOST_TOUCHED * Number(size.rows))) continue
    await target.query(`${guard}; truncate ${touchedOf(unit)};
      update ${OWN_SCHEMA}.sync_units set verified_sync = null, verified_at = null,
        recorded_from = (select nth + 1 from ${OWN_SCHEMA}.sync_state) where unit = ${unit.oid}`)
    pruned.push(unit.relation)
  }
  return pruned
}
