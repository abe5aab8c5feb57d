import {type Guard, OWN_SCHEMA} from '../postgres/catalog.js'
import type {Database} from '../ports/ports.js'
import {logOf} from './log.js'
import {forgetMark} from './sync-mark.js'
import {isKeyed, type CapturedTable} from './captured-table.js'

interface Sides {
  from: Database
  to: Database
  guard: {from: Guard; to: Guard}
}

/** Accepts both servers in the state that they are in now. Nothing that was proven before holds. */
export async function acceptServer({from, to, guard}: Sides): Promise<void> {
  await forgetMark(from, guard.from)
  await to.query(`${guard.to};
    update ${OWN_SCHEMA}.sync_units set verified_sync = null, verified_at = null;
    update ${OWN_SCHEMA}.sync_state set source_server = null, source_ended = null, token = null, token_seen = null`)
}

/**
 * Notes the keys of rows that differ as if they had been touched: the next sync copies these rows again. False for a table without a
 * key, of which that cannot be done.
 */
export async function recopyRows(
  {from, guard}: Sides,
  table: CapturedTable,
  keys: readonly string[],
): Promise<boolean> {
  if (!isKeyed(table)) return false
  await from.transaction(async (session) => {
    await session.query(guard.from)
    await session.query(`insert into ${logOf(table)} select (key::${logOf(table)}).* from unnest($1::text[]) key`, [
      keys,
    ])
  })
  return true
}
