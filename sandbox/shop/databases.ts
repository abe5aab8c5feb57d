import pg from 'pg'

import type {auditLedger} from '../ledger.js'
import type {PostgresServer} from '../postgres/server.js'
import {until} from '../until.js'

/** Both servers of a shop. */
export interface Servers {
  readonly source: PostgresServer
  readonly target: PostgresServer
}

/** Every slot decodes what all databases of its server write: those of closed shops would slow down the others. */
export async function endReplication(
  {source, target}: Servers,
  sourceDatabase: string,
  targetDatabase: string,
): Promise<void> {
  const subscriptions = await target.superuser<{name: string}>(
    targetDatabase,
    `select format('%I', subname) as name from pg_subscription
     where subdbid = (select oid from pg_database where datname = current_database())`,
  )
  for (const {name} of subscriptions) {
    for (const what of ['disable', 'set (slot_name = none)']) {
      await target.superuser(targetDatabase, `alter subscription ${name} ${what}`)
    }
    await target.superuser(targetDatabase, `drop subscription ${name}`)
  }
  const slots = `from pg_replication_slots where database = current_database()`
  await until('the end of the replication', 30, async () => {
    const active = await source.superuser(sourceDatabase, `select pg_terminate_backend(active_pid) ${slots} and active`)
    return active.length === 0
  })
  await source.superuser(sourceDatabase, `select pg_drop_replication_slot(slot_name) ${slots}`)
}

/** Opens both databases for an audit, each known by the place that the ledger notes. */
export async function withDatabases<T>(
  sourceUrl: string,
  targetUrl: string,
  [sourcePort, targetPort]: [number, number],
  work: (databases: Parameters<typeof auditLedger>[1]) => Promise<T>,
): Promise<T> {
  const audited = (port: number, config: pg.PoolConfig) => {
    const pool = new pg.Pool({...config, options: '-c search_path=public,heroku_ext', max: 1})
    return {
      key: `${port}/${new URL(config.connectionString!).pathname.slice(1)}`,
      query: async (sql: string, params?: unknown[]) => (await pool.query<Record<string, unknown>>(sql, params)).rows,
      close: () => pool.end(),
    }
  }
  const source = audited(sourcePort, {connectionString: sourceUrl, ssl: {rejectUnauthorized: false}})
  const target = audited(targetPort, {connectionString: targetUrl})
  try {
    return await work({source, target})
  } finally {
    await Promise.all([source.close(), target.close()])
  }
}
