import {keepSnapshot, readSnapshot, SnapshotGone} from '../postgres/exported-snapshot.js'
import {type RdsError, unverified} from '../ports/errors.js'
import type {Database, Session} from '../ports/ports.js'

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

/**
 * Keeps the present moment of a database, or the one of an exported snapshot, until it is released. When the session that keeps it
 * breaks, the moment is gone, and every later reader fails.
 */
export async function holdMoment(db: Database, snapshot?: string): Promise<Held> {
  const kept = keepSnapshot(db, {of: snapshot})
  const {id} = await kept.taken
  return {
    read: (work, how) =>
      readSnapshot(db, id, work, how).catch((error: unknown) => {
        throw error instanceof SnapshotGone
          ? momentLost(`the session that kept its moment of the ${db.side} ended`)
          : error
      }),
    async release() {
      kept.letGo()
      await kept.ended
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
