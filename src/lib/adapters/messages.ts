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

const carrying = new WeakMap<pg.ClientBase, Readonly<Record<string, string>>>()

/** Gives a connection settings as parameters, which others do not see as they see statements. Costs nothing where it has them. */
export async function carry(client: pg.ClientBase, settings: Readonly<Record<string, string>>): Promise<void> {
  const has = carrying.get(client)
  if (Object.entries(settings).every(([name, value]) => has?.[name] === value)) return
  await tell(client, SET_ALL, [JSON.stringify(settings)])
  carrying.set(client, settings)
}

const SET_ALL = 'select pg_catalog.set_config(key, value, false) from pg_catalog.json_each_text($1)'

/** SQL that leaves the connection as a new one of ours. */
export function discarding(client: pg.ClientBase): string {
  carrying.delete(client)
  return `${DISCARD_ALL}; ${PREPARE}`
}

/** Settings go back to those the connection was made with; a new connection would have to load the catalogs again. False where that fails. */
export const discardAll = (client: pg.ClientBase): Promise<boolean> =>
  tell(client, discarding(client)).then(
    () => true,
    () => false,
  )
