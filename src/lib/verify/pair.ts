import {appSearchPath, type SearchPath} from '../postgres/app-search-path.js'
import {keepSnapshot, readSnapshot, SnapshotGone} from '../postgres/exported-snapshot.js'
import {type RdsError, unverified} from '../ports/errors.js'
import type {Database, Session} from '../ports/ports.js'

/** A snapshot of a database that any number of sessions can read. */
export interface HeldSnapshot {
  readonly side: Database['side']
  /** Runs `work` in a transaction that sees it; where asked for, it can make temporary tables. */
  read<T>(work: (session: Session) => Promise<T>, options?: {temporary?: boolean}): Promise<T>
  release(): Promise<void>
}

/** A snapshot of one database, and the snapshot of the other that must be equal to it. */
export interface SnapshotPair {
  from: HeldSnapshot
  to: HeldSnapshot
}

/** The rest cannot be compared any more. */
export const snapshotLost = (why: string): RdsError =>
  unverified('snapshot_lost', `the comparison broke off: ${why}`, 'run the same command again')

/**
 * Takes a snapshot of a database, or adopts one that was exported, and keeps it until it is released. When the session that keeps it breaks,
 * it is gone, and every later reader fails. Readers find names by `path`.
 */
export async function holdSnapshot(db: Database, path: SearchPath, snapshot?: string): Promise<HeldSnapshot> {
  const kept = keepSnapshot(db, {of: snapshot})
  const {id} = await kept.taken
  return {
    side: db.side,
    read: (work, how) =>
      readSnapshot(db, {snapshot: id, path}, work, how).catch((error: unknown) => {
        throw error instanceof SnapshotGone
          ? snapshotLost(`the session that kept the snapshot of the ${db.side} ended`)
          : error
      }),
    async release() {
      kept.letGo()
      await kept.ended
    },
  }
}

/** Both snapshots, or none; `snapshot`: that of the `from` side, exported. */
export async function holdBoth({from, to}: {from: Database; to: Database}, snapshot?: string): Promise<SnapshotPair> {
  const path = await appSearchPath(from)
  const [here, there] = [holdSnapshot(from, path, snapshot), holdSnapshot(to, path)]
  try {
    return {from: await here, to: await there}
  } catch (error) {
    await Promise.allSettled([here, there].map(async (held) => (await held).release()))
    throw error
  }
}

export async function withPair<T>(pair: SnapshotPair, work: (pair: SnapshotPair) => Promise<T>): Promise<T> {
  try {
    return await work(pair)
  } finally {
    await releaseBoth(pair)
  }
}

export const releaseBoth = ({from, to}: SnapshotPair): Promise<unknown> => Promise.all([from.release(), to.release()])
