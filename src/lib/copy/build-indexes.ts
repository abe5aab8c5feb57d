import type {Database, Session} from '../ports/ports.js'
import {appSearchPath} from '../postgres/app-search-path.js'
import {ALREADY_THERE, execute} from './execute.js'
import type {Build} from './post-data.js'

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
      await session.query(`
        set synchronous_commit = on;
        set lock_timeout = '60s';
        set maintenance_work_mem = ${memory};
        set search_path = ${path}`)
      return work(session)
    },
    {discard: true},
  )
}

/**
 * One index; it is there whole, or not at all. Builds side by side cost less than one build by several workers, so those
 * are used only for what would stand idle.
 */
export async function buildIndex(session: Session, {create}: Build, spareWorkers: number): Promise<void> {
  await session.query(`set max_parallel_maintenance_workers = ${spareWorkers}`)
  await execute(session, create, ALREADY_THERE)
}

/** When a table has its rows and its indexes: constraints are put upon them, and the planner learns what is there. */
export async function finishTable(session: Session, table: string, builds: readonly Build[]): Promise<void> {
  for (const statement of builds.flatMap(({then}) => then)) await execute(session, statement, ALREADY_THERE)
  await session.query(`analyze ${table}`)
}
