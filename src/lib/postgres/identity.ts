import type {Database} from '../ports/ports.js'
import {answerTo, asking, HIDDEN, SYSTEM_IDENTIFIER} from './answers.js'

interface Known {
  /** The server's system identifier, or `hidden`. */
  system: string
  /** OID and name. */
  database: string
  /** Since when the server has been running, to the microsecond. */
  started: string
}

const knownOf = (db: Database): Promise<Known> =>
  db.queryOne<Known>(`
    ${asking({system: SYSTEM_IDENTIFIER})}
    select ${answerTo('system')} as system,
      pg_postmaster_start_time()::text as started,
      oid || '/' || datname as database
    from pg_database
    where datname = current_database()`)

/**
 * Tells databases apart independently of their URLs, and stays the same for the life of a database: the server's system identifier, and the
 * database. Where a server hides its identifier, the random name that Heroku gave the source is enough; the name of a target is the
 * customer's choice, so its endpoint is added.
 */
export async function identityOf(db: Database): Promise<string> {
  const {system, database} = await knownOf(db)
  const identity = `${system}/${database}`
  return system === HIDDEN && db.side === 'target' ? `${identity} at ${db.place}` : identity
}

/** Servers that hide their identifier are the same if they were started at the same microsecond. */
export async function isSameDatabase(one: Database, other: Database): Promise<boolean> {
  const [here, there] = await Promise.all([knownOf(one), knownOf(other)])
  return (
    here.system === there.system &&
    here.database === there.database &&
    (here.system !== HIDDEN || here.started === there.started)
  )
}
