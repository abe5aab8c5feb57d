import {type Guard, OWN_SCHEMA} from '../postgres/catalog.js'
import {listTables, type TableName} from '../postgres/tables.js'
import {failed} from '../ports/errors.js'
import {type Patience, withTableLock} from '../postgres/table-lock.js'
import type {Database, Queryable} from '../ports/ports.js'
import {CREATE_HEARTBEAT, HEARTBEAT} from './heartbeat.js'

/*
 * What the source publishes: every table by its name, because only a superuser may publish all there ever will be. Partitions are
 * published with the table they belong to.
 */

export const PUBLICATION = OWN_SCHEMA

/** Of nothing. A publication that is not there would do for a trial, but the target would warn of it, and quote what it warns of. */
export const TRIAL_PUBLICATION = `${OWN_SCHEMA}_trial`

/** Tables that are not published yet. */
export async function unpublished(source: Queryable): Promise<TableName[]> {
  const tables = await listTables(source, {
    columns: '',
    where: `c.relpersistence = 'p' and not c.relispartition and not exists (
      select from pg_publication_rel r
      join pg_publication p on p.oid = r.prpubid
      where p.pubname = '${PUBLICATION}' and r.prrelid = c.oid)`,
  })
  return tables.map(({name}) => name)
}

/** Publishes every table that is not yet; returns how many. Each is locked for a moment, which no reader or writer notices. */
export async function publish(source: Database, patience: Patience, guard: Guard): Promise<number> {
  await refuseNameless(source)
  await source.query(`${guard}; ${CREATE_HEARTBEAT}`)
  const known = await source.queryOne<{there: boolean}>(
    `select exists (select from pg_publication where pubname = '${PUBLICATION}') as there`,
  )
  if (!known.there) await source.query(`${guard}; create publication ${PUBLICATION} for table only ${HEARTBEAT}`)
  const tables = await unpublished(source)
  for (const table of tables) {
    await withTableLock(source, patience, table, `${guard}; alter publication ${PUBLICATION} add table only ${table}`)
  }
  return tables.length
}

/** Makes an empty publication for as long as the work takes. */
export async function withTrialPublication(source: Queryable, work: () => Promise<void>): Promise<void> {
  await source.query(`drop publication if exists ${TRIAL_PUBLICATION}; create publication ${TRIAL_PUBLICATION}`)
  try {
    await work()
  } finally {
    await source.query(`drop publication if exists ${TRIAL_PUBLICATION}`)
  }
}

export const dropPublications = (source: Queryable): Promise<unknown[]> =>
  source.query(`drop publication if exists ${PUBLICATION}, ${TRIAL_PUBLICATION}`)

/** Postgres refuses updates and deletes of published rows without a replica identity: publishing such a table would break the app. */
async function refuseNameless(source: Queryable): Promise<void> {
  const tables = await listTables(source, {
    columns: '',
    where: `c.relpersistence = 'p' and c.relkind = 'r' and c.relreplident <> 'f' and not exists (
      select from pg_index i
      where i.indrelid = c.oid and i.indisvalid and i.indimmediate
        and case c.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident end)`,
  })
  if (tables.length === 0) return
  const names = tables.map(({name}) => name).join(', ')
  throw failed(
    'no_replica_identity',
    `the app could not update or delete rows of ${names} once they are published: they have no replica identity`,
    'give each a primary key, and run the same command again',
    'or give this migration up with heroku rds:start --abandon and use another method',
  )
}
