import type {Database, Session} from '../ports.js'

/** One moment of the source, for as many sessions as want to read it. */
export interface SharedSnapshot {
  /** Runs `work` in a transaction that sees that moment; equal moments show equal rows. */
  read<T>(work: (session: Session, moment: string) => Promise<T>): Promise<T>
  /** Nobody needs it any more: the source may clean up behind it. Whoever reads afterwards sees a later moment. */
  release(): Promise<void>
}

interface Taken {
  id: string
  moment: string
}

export const READING = {mode: 'isolation level repeatable read read only'}

/** invalid_parameter_value, undefined_object since 17, object_not_in_prerequisite_state: whoever exported it has ended. */
const SNAPSHOT_GONE = new Set(['22023', '42704', '55000'])

export const isSnapshotGone = (error: unknown): boolean => SNAPSHOT_GONE.has(String((error as {code?: unknown}).code))

const MOST_TRIES = 3

/**
 * A session on the source keeps the snapshot; when that session breaks, the next reader takes another snapshot. The server may know
 * so before we do: then it is the reader who learns it.
 */
export function shareSnapshot(source: Database): SharedSnapshot {
  let held: Held | undefined

  const drop = (one: Held): void => {
    if (held === one) held = undefined
    one.letGo()
  }
  const take = (): Held => {
    const taking = hold(source, () => drop(taking))
    return taking
  }

  return {
    async read(work) {
      for (let tries = 1; ; tries++) {
        held ??= take()
        const reading = held
        const {id, moment} = await reading.taken
        let missing = false
        try {
          return await source.transaction(async (session) => {
            await session.query(`set transaction snapshot '${id}'`).catch((error: unknown) => {
              missing = isSnapshotGone(error)
              throw error
            })
            return work(session, moment)
          }, READING)
        } catch (error) {
          if (!missing || tries === MOST_TRIES) throw error
          drop(reading)
        }
      }
    },
    async release() {
      const releasing = held
      held = undefined
      releasing?.letGo()
      await releasing?.ended
    },
  }
}

interface Held {
  taken: Promise<Taken>
  letGo: () => void
  /** Never fails. */
  ended: Promise<void>
}

/** Takes a snapshot and keeps it until it is let go, or lost. */
function hold(source: Database, gone: () => void): Held {
  let letGo = (): void => undefined
  const released = new Promise<void>((done) => (letGo = done))
  let ended = Promise.resolve()
  const taken = new Promise<Taken>((known, failed) => {
    ended = source
      .transaction(
        async (session) => {
          const [row] = await session.query<Taken>(
            'select pg_export_snapshot() as id, pg_current_snapshot()::text as moment',
          )
          known(row!)
          await released
        },
        {...READING, lost: gone},
      )
      .catch((error: unknown) => {
        gone()
        failed(error instanceof Error ? error : new Error(String(error)))
      })
  })
  return {taken, letGo, ended}
}
