import {isSnapshotGone} from '../copy/snapshot.js'
import {type RdsError, unverified} from '../errors.js'
import type {Database, Session} from '../ports.js'

/** One moment of a database, kept for as many sessions as want to read it. */
export interface Held {
  /** Runs `work` in a transaction that sees that moment; where asked for, it may make temporary tables. */
  read<T>(work: (session: Session) => Promise<T>, options?: {temporary?: boolean}): Promise<T>
  release(): Promise<void>
}

/** A moment of the source and the moment of the target that must be equal to it. */
export interface Pair {
  source: Held
  target: Held
}

/** What is not compared yet cannot be compared any more. */
export const momentLost = (why: string): RdsError =>
  unverified('moment_lost', `the comparison broke off: ${why}`, 'run the same command again')

const AT_ONE_MOMENT = 'isolation level repeatable read'
const READING = {mode: `${AT_ONE_MOMENT} read only`}

/**
 * Keeps the present moment of a database, or the one of an exported snapshot, until it is released. When the session that keeps it
 * breaks, the moment is gone, and every later reader fails.
 */
export async function holdMoment(db: Database, snapshot?: string): Promise<Held> {
  let letGo = (): void => undefined
  const released = new Promise<void>((done) => (letGo = done))
  let ended = Promise.resolve()
  const id = await new Promise<string>((known, failed) => {
    ended = db
      .transaction(
        async (session) => {
          if (snapshot !== undefined) await session.query(`set transaction snapshot '${snapshot}'`)
          const [row] = await session.query<{id: string}>('select pg_export_snapshot() as id')
          known(row!.id)
          await released
        },
        {...READING, lost: letGo},
      )
      .catch((error: unknown) => failed(error instanceof Error ? error : new Error(String(error))))
  })
  return {
    read: (work, {temporary = false} = {}) =>
      db.transaction(
        async (session) => {
          await session.query(`set transaction snapshot '${id}'`).catch((error: unknown) => {
            throw isSnapshotGone(error) ? momentLost(`the session that kept its moment of the ${db.side} ended`) : error
          })
          return work(session)
        },
        temporary ? {mode: AT_ONE_MOMENT} : READING,
      ),
    async release() {
      letGo()
      await ended
    },
  }
}

/** Both moments, or none: that of the source may be the one of an exported snapshot. */
export async function holdBoth(
  {source, target}: {source: Database; target: Database},
  snapshot?: string,
): Promise<Pair> {
  const [here, there] = [holdMoment(source, snapshot), holdMoment(target)]
  try {
    return {source: await here, target: await there}
  } catch (error) {
    await Promise.allSettled([here, there].map(async (held) => (await held).release()))
    throw error
  }
}

export async function withPair<T>(pair: Pair, work: (pair: Pair) => Promise<T>): Promise<T> {
  try {
    return await work(pair)
  } finally {
    await releaseBoth(pair)
  }
}

export const releaseBoth = ({source, target}: Pair): Promise<unknown> =>
  Promise.all([source.release(), target.release()])
