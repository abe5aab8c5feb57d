import {appSearchPath} from '../postgres/app-search-path.js'
import {readSnapshot, SnapshotGone} from '../postgres/exported-snapshot.js'
import type {SharedSnapshot} from '../copy/snapshot.js'
import {failed} from '../ports/errors.js'
import type {Database, Publisher} from '../ports/ports.js'

/**
 * Makes the slot, and reads the source as it was where the slot begins: what commits after that moment the slot brings, nothing of it
 * twice and nothing missing. When the session that made the slot ends, that moment cannot be read any more; no other stands for it.
 */
export async function slotSnapshot(
  {source, publisher, signal}: {source: Database; publisher: Publisher; signal: AbortSignal},
  slot: string,
): Promise<SharedSnapshot & {start: string}> {
  const {start, snapshot, release, isHeld} = await publisher.createSlot(slot, signal)
  return {
    start,
    release,
    async read(work) {
      if (!isHeld()) throw snapshotLost()
      const path = await appSearchPath(source)
      return readSnapshot(source, {snapshot, path}, (session) => work(session, start)).catch((error: unknown) => {
        throw error instanceof SnapshotGone ? snapshotLost() : error
      })
    },
  }
}

const snapshotLost = () =>
  failed(
    'snapshot_lost',
    "lost the connection that held the slot's snapshot: the remaining rows can no longer be read consistently",
    'run the same command again: it makes another slot and copies again',
  )
