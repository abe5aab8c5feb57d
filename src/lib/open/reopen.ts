import {persist} from '../flow/persist.js'
import {messageOf} from '../ports/errors.js'
import {isLostConnection} from '../postgres/lost-connection.js'
import {codeOf} from '../postgres/sqlstate.js'
import {clock} from '../adapters/clock.js'
import {type OpenMigration, type RunOptions, withMigration} from './migration.js'

/** How long a server may take to notice that our connection is gone, with which it holds our lock. */
const LOCK_PATIENCE_MS = 120_000

/**
 * Opens a migration for work that lasts for days, and opens it again when the connection to the target, with the lock on it, breaks: a
 * restart, a failover, another instance class. The work starts over then and finds done what is done. Another operator who took the lock
 * in between keeps it.
 */
export async function keepAtIt<T>(options: RunOptions, work: (migration: OpenMigration) => Promise<T>): Promise<T> {
  let begun = false
  return persist(
    {
      clock,
      signal: options.signal,
      passes: (error, failingMs) => begun && isPassing(error, failingMs),
      tell: (error) => options.operator.tell(`${messageOf(error)}: connecting again`),
    },
    (advanced) =>
      withMigration(options, (migration) => {
        begun = true
        advanced()
        return work(migration)
      }),
  )
}

function isPassing(error: unknown, failingMs: number): boolean {
  const code = codeOf(error)
  return code === 'lock_lost' || (code === 'locked' && failingMs < LOCK_PATIENCE_MS) || isLostConnection(error)
}
