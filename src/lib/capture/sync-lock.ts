import {OWN_SCHEMA} from '../postgres/catalog.js'
import {isLockConflict} from '../postgres/table-lock.js'
import type {Database} from '../ports/ports.js'

/** Lets one sync, or one look at what both databases hold, run at a time, across processes. */
export async function withSyncLock<T>(to: Database, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return to.session(async (session) => {
    const key = `hashtext('${OWN_SCHEMA}.sync')`
    for (let held = false; !held;) {
      signal.throwIfAborted()
      held = await session.query(`select pg_advisory_lock(${key})`).then(
        () => true,
        (error: unknown) => {
          if (!isLockConflict(error)) throw error
          return false
        },
      )
    }
    try {
      return await work()
    } finally {
      await session.query(`select pg_advisory_unlock(${key})`).catch(() => undefined) // a broken connection holds nothing
    }
  })
}
