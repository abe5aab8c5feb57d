import type {Queryable, Session} from '../ports.js'
import {ALREADY_THERE, execute} from './execute.js'
import type {Build} from './post-data.js'

/** Prepares a session that builds and then is closed: nothing of it stays behind. */
export async function prepareToBuild(session: Queryable, memory: number): Promise<void> {
  await session.query(`set synchronous_commit = on; set lock_timeout = '60s'; set maintenance_work_mem = ${memory}`)
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
