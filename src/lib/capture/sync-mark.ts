import {failed} from '../ports/errors.js'
import type {Database} from '../ports/ports.js'
import {HIDDEN} from '../postgres/answers.js'
import {type Guard, literal, OWN_SCHEMA} from '../postgres/catalog.js'
import {REMEDY} from './server.js'

/*
 * Both sides remember the last sync, by a random token: `to` with the commit that applies it, `from` with the commit, a moment later, that
 * forgets what was read. `to` keeps the token that it saw on `from` as well, because processes that die in between leave `from` behind.
 * A side that remembers anything else is in an earlier state, as after a restore, a clone or a failover, and lacks what the other has.
 */

const MARK = `${OWN_SCHEMA}.sync_mark`

export const CREATE_MARK = `
  create table if not exists ${MARK} (
    nth bigint not null,
    token text not null,
    single boolean not null default true unique check (single))`

export const DROP_MARK = `drop table if exists ${MARK}`

/** A sync, as `from` remembers it; the number is text. */
export interface Mark {
  nth: string
  token: string
}

/** SQL: a JSON value, null before the first sync. */
export const MARKED = `select json_build_object('nth', nth::text, 'token', token) from ${MARK}`

/** SQL that makes `from` remember a sync. */
export const marking = ({nth, token}: Mark): string => `
  insert into ${MARK} (nth, token)
  values (${nth}, ${literal(token)})
  on conflict (single) do update set nth = excluded.nth, token = excluded.token`

/** Lets `from` remember none, as before the first. */
export async function forgetMark(from: Database, guard: Guard): Promise<void> {
  await from.query(`${guard}; delete from ${MARK}`)
}

/** What `to` remembered when a sync began; tokens are null before there was one. */
export interface Remembered {
  nth: string
  token: string | null
  /** Of `from`, when the sync began that `to` remembers. */
  seen: string | null
}

/**
 * Whether `from` has forgotten what the last sync read. Where it has not, a process died between both commits – or `from` has lost the
 * second of them. Refuses where either side is in an earlier state.
 */
export function hasForgotten(mark: Mark | null, to: Remembered, sides: {from: Database; to: Database}): boolean {
  const token = mark?.token ?? null
  if (token === to.token) return true
  if (to.token !== null && token === to.seen) return false
  const behind = BigInt(mark?.nth ?? 0) > BigInt(to.nth) ? sides.to : sides.from
  throw failed(
    `${behind.side}_went_back`,
    `the ${behind.side} is in an earlier state than at the last sync, as after a restore or a failover: ` +
      `the ${sides.from.side} remembers sync ${mark?.nth ?? 'none'}, the ${sides.to.side} sync ${to.nth}`,
    REMEDY,
  )
}

/** A failover of such a server does not show: whether it has lost the last commits is not known. */
export const mayHaveFailedOver = (name: string): boolean => name.includes(HIDDEN)

/** SQL on the `to` side: nothing is proven any more of the tables that syncs brought after this one. */
export const doubtingSince = (mark: Mark | null): string => `
  update ${OWN_SCHEMA}.sync_units
  set verified_sync = null, verified_at = null
  where last_sync > ${mark?.nth ?? 0}`
