import {OWN_SCHEMA} from '../postgres/catalog.js'
import {isLockConflict} from '../postgres/table-lock.js'
import type {Database, Queryable} from '../ports/ports.js'

const KEY = `hashtext('${OWN_SCHEMA}.sync')`
const LOCK = `select pg_advisory_lock(${KEY})`
const UNLOCK = `select pg_advisory_unlock(${KEY})`

/** Lets one sync, or one look at what both databases hold, run at a time, across processes. */
export async function withSyncLock<T>(to: Database, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return to.session(async (session) => {
    await patiently(session, LOCK, signal)
    try {
      return await work()
    } finally {
      await session.query(UNLOCK).catch(() => undefined) // a broken connection holds nothing
    }
  })
}

/** Waits for the one that runs, where no other can begin. */
export const afterLastSync = (to: Database, signal: AbortSignal): Promise<void> =>
  patiently(to, `${LOCK}; ${UNLOCK}`, signal)

async function patiently(db: Queryable, sql: string, signal: AbortSignal): Promise<void> {
  for (let done = false; !done;) {
    signal.throwIfAborted()
    done = await db.query(sql).then(
      () => true,
      (error: unknown) => {
        if (!isLockConflict(error)) throw error
        return false
      },
    )
  }
}
