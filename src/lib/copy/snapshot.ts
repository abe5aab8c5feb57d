import type {Database, Session} from '../ports/ports.js'
import {appSearchPath} from '../postgres/app-search-path.js'
import {keepSnapshot, type Kept, readSnapshot, SnapshotGone} from '../postgres/exported-snapshot.js'

/** A snapshot of the source that any number of sessions can read. */
export interface SharedSnapshot {
  /** Runs `work` in a transaction that sees it; equal snapshots show equal rows. */
  read<T>(work: (session: Session, snapshot: string) => Promise<T>): Promise<T>
  /** Lets vacuum proceed on the source; a later reader sees a later snapshot. */
  release(): Promise<void>
}

const MOST_TRIES = 3

/**
 * A session on the source keeps the snapshot; when that session breaks, the next reader takes another snapshot. The server may know
 * so before we do: then it is the reader who learns it.
 */
export function shareSnapshot(source: Database): SharedSnapshot {
  let kept: Kept | undefined

  const drop = (one: Kept): void => {
    if (kept === one) kept = undefined
    one.letGo()
  }
  const take = (): Kept => {
    const taking = keepSnapshot(source, {lost: () => drop(taking)})
    return taking
  }

  return {
    async read(work) {
      const path = await appSearchPath(source)
      for (let tries = 1; ; tries++) {
        kept ??= take()
        const reading = kept
        const {id, snapshot} = await reading.taken
        try {
          return await readSnapshot(source, {snapshot: id, path}, (session) => work(session, snapshot))
        } catch (error) {
          if (!(error instanceof SnapshotGone) || tries === MOST_TRIES) throw error
          drop(reading)
        }
      }
    },
    async release() {
      const releasing = kept
      kept = undefined
      releasing?.letGo()
      await releasing?.ended
    },
  }
}
