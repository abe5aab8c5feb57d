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

/**
 * Waits for the one that runs, where no other can begin. Ends its session after 5 s: a process that sleeps would keep the lock, and a sync
 * that is ended is done again by the next.
 */
export async function afterLastSync(to: Database, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  try {
    await to.query(`${LOCK}; ${UNLOCK}`)
  } catch (error) {
    if (!isLockConflict(error)) throw error
    await to.query(END_HOLDER)
    await patiently(to, `${LOCK}; ${UNLOCK}`, signal)
  }
}

const END_HOLDER = `
  select pg_terminate_backend(pid)
  from pg_locks
  where locktype = 'advisory'
    and granted
    and database = (select oid from pg_database where datname = current_database())
    and objsubid = 1
    and ((classid::bigint << 32) | objid::bigint) = ${KEY}::bigint
    and pid <> pg_backend_pid()`

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
