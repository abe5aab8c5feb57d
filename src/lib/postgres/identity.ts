import type {Database} from '../ports/ports.js'
import {answerOf, answerTo, asking, HIDDEN, type Question, SYSTEM_IDENTIFIER} from './answers.js'

/** By which a database is known, whatever its URL. */
export interface Known {
  /** The server's system identifier, or `hidden`. */
  system: string
  /** OID and name. */
  database: string
  /** Since when the server has been running, to the microsecond. */
  started: string
}

/** Goes along with `FIRST_KNOWN`. */
export const KNOWN: Question<Known> = {
  query: `
    select json_build_object(
      'system', ${answerTo('system')},
      'started', pg_postmaster_start_time()::text,
      'database', oid || '/' || datname)
    from pg_database
    where datname = current_database()`,
}

export const FIRST_KNOWN = asking({system: SYSTEM_IDENTIFIER})

export const knownOf = async (db: Database): Promise<Known> => (await answerOf(db, KNOWN, FIRST_KNOWN))!

/**
 * Tells databases apart independently of their URLs, and stays the same for the life of a database: the server's system identifier, and the
 * database. Where a server hides its identifier, the random name that Heroku gave the source is enough; the name of a target is the
 * customer's choice, so its endpoint is added.
 */
export function identityBy({system, database}: Known, {side, place}: Pick<Database, 'place' | 'side'>): string {
  const identity = `${system}/${database}`
  return system === HIDDEN && side === 'target' ? `${identity} at ${place}` : identity
}

export const identityOf = async (db: Database): Promise<string> => identityBy(await knownOf(db), db)

/** Servers that hide their identifier are the same if they were started at the same microsecond. */
export const isSame = (one: Known, other: Known): boolean =>
  one.system === other.system &&
  one.database === other.database &&
  (one.system !== HIDDEN || one.started === other.started)

export async function isSameDatabase(one: Database, other: Database): Promise<boolean> {
  const [here, there] = await Promise.all([knownOf(one), knownOf(other)])
  return isSame(here, there)
}
