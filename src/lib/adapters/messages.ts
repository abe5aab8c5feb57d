import type pg from 'pg'

import {asking} from '../flow/waits.js'
import {ACTIVE_SQL_TRANSACTION, codeOf} from '../postgres/sqlstate.js'
import {DISCARD_ALL, PREPARE} from './client-settings.js'

/** One message, however many statements it holds; the answer to the last of them comes last. */
export const tell = (client: pg.ClientBase, sql: string, values?: readonly unknown[]): Promise<pg.QueryResult> =>
  asking('databases', () => client.query(sql, values as unknown[]))

const prepared = new WeakSet<pg.ClientBase>()

/** Makes a new connection one of ours; does nothing to one that is. */
export async function prepare(client: pg.ClientBase): Promise<void> {
  if (prepared.has(client)) return
  await tell(client, PREPARE)
  prepared.add(client)
}

/** A message that may be the first on its connection. One that cannot share a transaction is refused before it has any effect, and sent again. */
export async function tellPrepared(
  client: pg.ClientBase,
  sql: string,
  values?: readonly unknown[],
): Promise<pg.QueryResult> {
  if (!prepared.has(client) && values === undefined) {
    try {
      const result = await tell(client, `${PREPARE}; ${sql}`)
      prepared.add(client)
      return result
    } catch (error) {
      if (codeOf(error) !== ACTIVE_SQL_TRANSACTION) throw error
    }
  }
  await prepare(client)
  return tell(client, sql, values)
}

/** The statements with which a transaction begins, whose mode nothing may precede. An error in it must be the end of the connection. */
export function beginning(client: pg.ClientBase, begin: readonly string[]): readonly string[] {
  if (prepared.has(client)) return begin
  prepared.add(client)
  return ['begin', PREPARE, 'commit', ...begin]
}

/** Settings go back to those the connection was made with; a new connection would have to load the catalogs again. False where that fails. */
export const discardAll = (client: pg.ClientBase): Promise<boolean> =>
  tell(client, `${DISCARD_ALL}; ${PREPARE}`).then(
    () => true,
    () => false,
  )
