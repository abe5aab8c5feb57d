import type {Database, Session} from '../ports/ports.js'
import {type SearchPath, searching} from './app-search-path.js'
import {codeOf, INVALID_PARAMETER_VALUE, OBJECT_NOT_IN_PREREQUISITE_STATE, UNDEFINED_OBJECT} from './sqlstate.js'

const AT_ONE_MOMENT = 'isolation level repeatable read'

/** The session that exported the snapshot has ended, so the snapshot is gone. */
export class SnapshotGone extends Error {}

/** Majors word it differently: UNDEFINED_OBJECT is that of 17 and later. */
const GONE = new Set([INVALID_PARAMETER_VALUE, UNDEFINED_OBJECT, OBJECT_NOT_IN_PREREQUISITE_STATE])

const see = (session: Session, snapshot: string, then = ''): Promise<unknown> =>
  session.query(`set transaction snapshot '${snapshot}'; ${then}`).catch((error: unknown) => {
    throw GONE.has(codeOf(error)) ? new SnapshotGone('the snapshot is gone') : error
  })

/**
 * Runs `work` in a transaction that sees an exported snapshot, and finds names as the app does; where asked for, it may make temporary
 * tables. Fails with SnapshotGone when it is no longer kept.
 */
export const readSnapshot = <T>(
  db: Database,
  {snapshot, path}: {snapshot: string; path: SearchPath},
  work: (session: Session) => Promise<T>,
  {temporary = false}: {temporary?: boolean} = {},
): Promise<T> =>
  db.transaction(
    async (session) => {
      await see(session, snapshot, searching(path))
      return work(session)
    },
    {mode: temporary ? AT_ONE_MOMENT : `${AT_ONE_MOMENT} read only`},
  )

/** A snapshot that others can read for as long as a session keeps it. */
export interface Kept {
  /** Its name, and the snapshot in terms of transaction IDs. */
  taken: Promise<{id: string; snapshot: string}>
  letGo: () => void
  /** Resolves when the session is free, or has ended; never fails. */
  ended: Promise<void>
}

/** Takes a snapshot and keeps it, or adopts an exported one. `lost` hears of a session that ended by itself. */
export function keepSnapshot(db: Database, {of, lost}: {of?: string | undefined; lost?: () => void} = {}): Kept {
  let letGo = (): void => undefined
  const released = new Promise<void>((done) => (letGo = done))
  const goes = () => {
    letGo()
    lost?.()
  }
  let ended = Promise.resolve()
  const taken = new Promise<{id: string; snapshot: string}>((known, failed) => {
    ended = db
      .transaction(
        async (session) => {
          if (of !== undefined) await see(session, of)
          const row = await session.queryOne<{id: string; snapshot: string}>(
            'select pg_export_snapshot() as id, pg_current_snapshot()::text as snapshot',
          )
          known(row)
          await released
        },
        {mode: `${AT_ONE_MOMENT} read only`, lost: goes},
      )
      .catch((error: unknown) => {
        goes()
        failed(error instanceof Error ? error : new Error(String(error)))
      })
  })
  return {taken, letGo, ended}
}
