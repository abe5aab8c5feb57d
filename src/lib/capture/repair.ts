import {type Guard, OWN_SCHEMA} from '../postgres/catalog.js'
import type {Database} from '../ports/ports.js'
import {logOf} from './log.js'
import {isKeyed, type Unit} from './units.js'

interface Sides {
  source: Database
  target: Database
  guard: {source: Guard; target: Guard}
}

/** Takes whatever server the source is on now for the one to follow. Nothing that was proven on another one holds. */
export async function acceptServer({target, guard}: Sides): Promise<void> {
  await target.query(`${guard.target};
    update ${OWN_SCHEMA}.sync_units set verified_sync = null, verified_at = null;
    update ${OWN_SCHEMA}.sync_state set source_server = null`)
}

/**
 * Notes the keys of rows that differ as if they had been touched: the next sync makes them what they are on the source. Rows
 * without a key cannot be brought again: false.
 */
export async function touchAgain({source, guard}: Sides, unit: Unit, keys: readonly string[]): Promise<boolean> {
  if (!isKeyed(unit)) return false
  await source.transaction(async (session) => {
    await session.query(guard.source)
    await session.query(`insert into ${logOf(unit)} select (key::${logOf(unit)}).* from unnest($1::text[]) key`, [keys])
  })
  return true
}
