import {clock} from '../adapters/clock.js'
import {isLostConnection} from '../postgres/lost-connection.js'
import {messageOf, RdsError} from '../ports/errors.js'
import {type OpenMigration, type RunOptions, withMigration} from './migration.js'

const LONGEST_RETRY_MS = 30_000

/**
 * Opens a migration for work that lasts for days, and opens it again whenever the connection to the target, with the lock on it,
 * breaks: a restart, a failover, another class. The work begins anew then and finds done what is done. Another operator, who
 * took the lock meanwhile, keeps it.
 */
export async function keepAtIt<T>(options: RunOptions, work: (migration: OpenMigration) => Promise<T>): Promise<T> {
  for (let failures = -1; ; failures++) {
    try {
      return await withMigration(options, (migration) => {
        failures = 0
        return work(migration)
      })
    } catch (error) {
      const begun = failures >= 0
      if (!begun || options.signal.aborted || !isPassing(error, failures)) throw error
      options.operator.tell(`${messageOf(error)}: taking it up again`)
      await clock.sleep(Math.min(1000 * 2 ** failures, LONGEST_RETRY_MS), options.signal).catch(() => undefined)
      options.signal.throwIfAborted()
    }
  }
}

/** A server that has not noticed our end holds our lock for a while: so long as with anybody else's, not longer. */
const LOCK_TRIES = 8

function isPassing(error: unknown, tries: number): boolean {
  const code = error instanceof RdsError ? error.code : ''
  return code === 'lock_lost' || (code === 'locked' && tries < LOCK_TRIES) || isLostConnection(error)
}
