import type {Database, Session} from '../ports/ports.js'

const AT_ONE_MOMENT = 'isolation level repeatable read'

/** Whoever exported a snapshot has ended, and with him went the moment it showed. */
export class SnapshotGone extends Error {}

/** invalid_parameter_value, undefined_object since 17, object_not_in_prerequisite_state */
const GONE = new Set(['22023', '42704', '55000'])

const see = (session: Session, snapshot: string): Promise<unknown> =>
  session.query(`set transaction snapshot '${snapshot}'`).catch((error: unknown) => {
    throw GONE.has(String((error as {code?: unknown}).code)) ? new SnapshotGone('the snapshot is gone') : error
  })

/**
 * Runs `work` in a transaction that sees an exported snapshot; where asked for, it may make temporary tables. Fails with
 * SnapshotGone when nobody keeps it any more.
 */
export const readSnapshot = <T>(
  db: Database,
  snapshot: string,
  work: (session: Session) => Promise<T>,
  {temporary = false}: {temporary?: boolean} = {},
): Promise<T> =>
  db.transaction(
    async (session) => {
      await see(session, snapshot)
      return work(session)
    },
    {mode: temporary ? AT_ONE_MOMENT : `${AT_ONE_MOMENT} read only`},
  )

/** A snapshot that others can read for as long as a session keeps it. */
export interface Kept {
  /** Its name, and its moment in terms of transactions. */
  taken: Promise<{id: string; moment: string}>
  letGo: () => void
  /** Resolves when the session is free, or has ended; never fails. */
  ended: Promise<void>
}

/** Keeps the present moment of a database, or the one of an exported snapshot. `lost` hears of a session that ended by itself. */
export function keepSnapshot(db: Database, {of, lost}: {of?: string | undefined; lost?: () => void} = {}): Kept {
  let letGo = (): void => undefined
  const released = new Promise<void>((done) => (letGo = done))
  const goes = () => {
    letGo()
    lost?.()
  }
  let ended = Promise.resolve()
  const taken = new Promise<{id: string; moment: string}>((known, failed) => {
    ended = db
      .transaction(
        async (session) => {
          if (of !== undefined) await see(session, of)
          const [row] = await session.query<{id: string; moment: string}>(
            'select pg_export_snapshot() as id, pg_current_snapshot()::text as moment',
          )
          known(row!)
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
