import type {Database, Queryable} from '../ports/ports.js'

/** How much work both servers are given at a time. */
export interface Capacity {
  /** Streams, or index builds, at once. */
  jobs: number
  /** Of one index build, in kB. */
  buildMemory: number
}

const MOST_JOBS = 16
const FEWEST_JOBS = 2
/** Connections that a tool and a worried operator need beside the copy: lock, journal, snapshot, status, psql. */
const RESERVED = 5
const KB_PER_JOB = 8 * 1024 ** 2
const LARGEST_BUILD_MEMORY = 2 * 1024 ** 2

/**
 * As many jobs as the server that is written to has cores, and as the smaller of both servers' free connections allows. No setting tells the
 * cores: RDS has two worker processes for each, eight at least, and one core for every 8 GB at least, a quarter of which it
 * gives to shared_buffers. Index builds share as much again.
 */
export async function capacityOf({from, to}: {from: Database; to: Database}): Promise<Capacity> {
  const [here, there, server] = await Promise.all([
    freeConnections(from),
    freeConnections(to),
    to.queryOne<{workers: number; buffers: string; memory: string}>(`
      select current_setting('max_worker_processes')::int as workers,
        pg_size_bytes(current_setting('shared_buffers')) / 1024 as buffers,
        pg_size_bytes(current_setting('maintenance_work_mem')) / 1024 as memory`),
  ])
  const [workers, buffers, memory] = [server.workers, Number(server.buffers), Number(server.memory)]
  const cores = Math.max(FEWEST_JOBS, Math.min(Math.floor(workers / 2), Math.floor((4 * buffers) / KB_PER_JOB)))
  const jobs = Math.max(1, Math.min(cores, MOST_JOBS, here - RESERVED, there - RESERVED))
  const share = Math.min(Math.floor(buffers / jobs), LARGEST_BUILD_MEMORY)
  return {jobs, buildMemory: Math.max(memory, share)}
}

async function freeConnections(db: Queryable): Promise<number> {
  const row = await db.queryOne<{free: number}>(`
    select least(
      current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - (select count(*)::int from pg_stat_activity where backend_type = 'client backend'),
      (select nullif(rolconnlimit, -1) - (select count(*)::int from pg_stat_activity where usename = current_user)
       from pg_roles where rolname = current_user),
      (select nullif(datconnlimit, -1) - (select count(*)::int from pg_stat_activity where datname = current_database())
       from pg_database where datname = current_database())) as free`)
  return row.free
}
