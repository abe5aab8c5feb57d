import {answerTo, asking, SYSTEM_IDENTIFIER, TIMELINE} from '../postgres/answers.js'
import {failed} from '../ports/errors.js'
import type {CapturedTable} from './captured-table.js'

/** The server that a sync reads, at its snapshot. */
export interface Server {
  /**
   * Which server this is, and on which timeline: after a failover to a standby that lacked the last commits the timeline is another one,
   * and the copy may hold what the server has lost. Where tables are unlogged, also since when it has been running: a crash empties them
   * without firing a trigger. What the server does not tell is `hidden`, and stays so.
   */
  name: string
  /** Every transaction before this one has ended; the sync makes them durable with its own commit. */
  ended: string
  /** None from this one on has begun. */
  next: string
}

/** SQL that goes before a query of `SERVER_COLUMNS`, in one message. */
export const ASK_SERVER = asking({system: SYSTEM_IDENTIFIER, timeline: TIMELINE})

/** SQL: what `serverFrom` reads. */
export const SERVER_COLUMNS = `
      pg_is_in_recovery() as recovering,
      ${answerTo('system')} as system,
      ${answerTo('timeline')} as timeline,
      pg_postmaster_start_time()::text as started,
      pg_snapshot_xmin(pg_current_snapshot())::text as ended,
      pg_snapshot_xmax(pg_current_snapshot())::text as next`

export interface ServerRow extends Pick<Server, 'ended' | 'next'> {
  recovering: boolean
  system: string
  timeline: string
  started: string
}

/** The server that the row is of. Refuses a follower. */
export function serverFrom(
  {recovering, system, timeline, started, ended, next}: ServerRow,
  tables: readonly CapturedTable[],
): Server {
  if (recovering) {
    throw failed(
      'source_is_follower',
      'the database to copy from is a follower, which takes no writes',
      'name the leader: a follower can neither be captured nor frozen',
    )
  }
  const server = `${system}/${timeline}`
  return {name: tables.some(({unlogged}) => unlogged) ? `${server}/${started}` : server, ended, next}
}

export const REMEDY = 'heroku rds:verify --repair compares every row and copies again what differs'

/** Why a sync cannot go on with the server it reads now. */
export function serverChanged(side: string, before: string, now: string): Error {
  const [was, is] = [before.split('/'), now.split('/')]
  return was[0] === is[0] && was[1] === is[1]
    ? failed('source_restarted', `the ${side} was restarted: a crash would have emptied its unlogged tables`, REMEDY)
    : failed(
        'source_failed_over',
        `the ${side} has failed over (it was ${before}, it is ${now}): it may have lost commits that the copy has`,
        REMEDY,
      )
}

/** The same, when its transaction IDs have gone back, which no timeline needs to tell. */
export const serverWentBack = (side: string, next: string): Error =>
  failed(
    'source_failed_over',
    `the ${side} is in an earlier state than at the last sync (its next transaction is ${next}): it has lost commits that the copy has`,
    REMEDY,
  )
