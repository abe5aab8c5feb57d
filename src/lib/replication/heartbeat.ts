import {randomUUID} from 'node:crypto'

import {MAKE_OWN_SCHEMA, OWN_SCHEMA} from '../postgres/catalog.js'
import {failed} from '../ports/errors.js'
import type {Queryable} from '../ports/ports.js'

/*
 * One row that is published like any table and bears no fence. Commits arrive in their order: when what was written last is on
 * the target, so is everything that was committed before it. It also gives a source on which nothing happens something to send,
 * without which its log is kept for ever.
 */

export const HEARTBEAT = `${OWN_SCHEMA}.heartbeat`

export const CREATE_HEARTBEAT = `
  ${MAKE_OWN_SCHEMA};
  create table if not exists ${HEARTBEAT} (
    single boolean primary key default true check (single),
    nonce text not null default '',
    at timestamptz not null default clock_timestamp());
  insert into ${HEARTBEAT} default values on conflict do nothing`

export const DROP_HEARTBEAT = `drop table if exists ${HEARTBEAT}`

export interface Heartbeat {
  nonce: string
  /** The source's own clock when it was written, as it prints it. */
  at: string
}

/** Writes a new one on the source; `prefix` tells what it stands for. */
export async function beat(source: Queryable, prefix = ''): Promise<Heartbeat> {
  const [written] = await source.query<Heartbeat>(
    `update ${HEARTBEAT} set nonce = $1, at = clock_timestamp() returning nonce, at::text as at`,
    [prefix + randomUUID()],
  )
  if (!written) throw failed('no_heartbeat', `${HEARTBEAT} on the source has been emptied`, 'run rds:start --abandon')
  return written
}

/** The last one that is there; an empty nonce is what the table begins with. */
export async function lastBeat(db: Queryable): Promise<Heartbeat | undefined> {
  const exists = await db.queryOne<{there: boolean}>(`select to_regclass('${HEARTBEAT}') is not null as there`)
  if (!exists.there) return undefined
  const [last] = await db.query<Heartbeat>(`select nonce, at::text as at from ${HEARTBEAT}`)
  return last
}
