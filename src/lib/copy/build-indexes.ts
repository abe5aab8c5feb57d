import type {Database, Session} from '../ports/ports.js'
import {appSearchPath, type SearchPath} from '../postgres/app-search-path.js'
import {ALREADY_THERE, executeAll} from './execute.js'
import type {Work} from './finish-tables.js'

const building = (scope: 'local' | 'session', memory: number, path: SearchPath): string => `
  set ${scope} synchronous_commit = on;
  set ${scope} lock_timeout = '60s';
  set ${scope} maintenance_work_mem = ${memory};
  set ${scope} search_path = ${path}`

/** SQL with which a message begins that builds as `inBuildingSession` does. */
export const buildingMessage = (memory: number, path: SearchPath): string => building('local', memory, path)

/**
 * A session of the target that builds, with `memory` kB of maintenance_work_mem, where the app's functions find what they find on the
 * source; its settings are discarded afterwards.
 */
export async function inBuildingSession<T>(
  {source, target}: {source: Database; target: Database},
  memory: number,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const path = await appSearchPath(source)
  return target.session(
    async (session) => {
      await session.query(building('session', memory, path))
      return work(session)
    },
    {discard: true},
  )
}

/**
 * Does what tables need that have their rows, for several of them at a time: each index, and each constraint, is there whole or not at
 * all. Builds side by side cost less than one build by several workers, so those are used only for what would stand idle.
 */
export async function finishSome(session: Session, work: readonly Work[], spareWorkers: number): Promise<void> {
  for (const {prepare} of work) await prepare?.(session)
  const statements = work.flatMap((one) => one.statements)
  const workers = `set max_parallel_maintenance_workers = ${spareWorkers}`
  if (statements.length > 0) await executeAll(session, statements, {allowed: ALREADY_THERE, guard: workers})
  const landed = work.filter(({analyze}) => analyze).map(({table}) => table)
  if (landed.length > 0) await session.query(`analyze ${landed.join(', ')}`)
}
