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

/** A session on the source keeps the snapshot; when that session breaks, the next reader takes another snapshot. */
export function shareSnapshot(source: Database): SharedSnapshot {
  let held: Held | undefined

  const take = (): Held => {
    const taking = hold(source, () => {
      if (held === taking) held = undefined
    })
    return taking
  }

  return {
    async read(work) {
      held ??= take()
      const {id, moment} = await held.taken
      return source.transaction(async (session) => {
        await session.query(`set transaction snapshot '${id}'`)
        return work(session, moment)
      }, READING)
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
function hold(source: Database, lost: () => void): Held {
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
        {
          ...READING,
          lost() {
            lost()
            letGo()
          },
        },
      )
      .catch((error: unknown) => {
        lost()
        failed(error instanceof Error ? error : new Error(String(error)))
      })
  })
  return {taken, letGo, ended}
}
