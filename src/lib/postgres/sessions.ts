import type {Database, Queryable} from '../ports/ports.js'
import {listTables, type TableName} from './tables.js'

export interface OtherSession {
  pid: number
  role: string
  application: string
  address: string | null
  /** Superusers are Heroku's or AWS's own; only they can end them. */
  superuser: boolean
}

/** Workers of the server have no role; what may not be seen is taken for a client. */
const OTHERS = `
  from pg_stat_activity a
  join pg_roles r on r.oid = a.usesysid
  where a.datname = current_database()
    and coalesce(a.backend_type, 'client backend') = 'client backend'
    and a.pid <> all ($1::int[])`

const ENDABLE = `not r.rolsuper and (pg_has_role(r.oid, 'USAGE') or pg_has_role('pg_signal_backend', 'USAGE'))`

const COLUMNS = `a.pid, coalesce(a.usename, 'unknown') as role, coalesce(a.application_name, '') as application,
  host(a.client_addr) as address, r.rolsuper as superuser`

/** SQL condition: somebody is connected who is neither us (`$1`: our backends) nor Heroku or AWS themselves. */
export const ELSE_CONNECTED = `exists (select ${OTHERS} and not r.rolsuper)`

/** Client sessions on this database that are not ours. */
export const otherSessions = (db: Database): Promise<OtherSession[]> =>
  db.query<OtherSession>(`select ${COLUMNS} ${OTHERS} order by a.backend_start`, [db.ownPids()])

/** Sessions that we may end and that began before the moment – or whose beginning we may not see. */
export const sessionsBefore = (db: Database, moment: string): Promise<OtherSession[]> =>
  db.query<OtherSession>(
    `select ${COLUMNS} ${OTHERS} and ${ENDABLE} and (a.backend_start is null or a.backend_start < $2::timestamptz)`,
    [db.ownPids(), moment],
  )

/**
 * Ends every client session that is not ours and that we may end; uncommitted work of theirs is rolled back. What the
 * others hold open the barrier finds out.
 */
export async function endOtherSessions(db: Database): Promise<number> {
  const {ended} = await db.queryOne<{ended: string}>(
    `select count(*) filter (where pg_terminate_backend(pid)) as ended
     from (select a.pid ${OTHERS} and ${ENDABLE}) others`,
    [db.ownPids()],
  )
  return Number(ended)
}

/** Names of transactions that are prepared on this database: they hold writes that no session sees. */
export async function preparedTransactions(db: Database): Promise<string[]> {
  const rows = await db.query<{gid: string}>('select gid from pg_prepared_xacts where database = current_database()')
  return rows.map(({gid}) => gid)
}

/** Transactions of superusers that have written something and are still open: nobody but they can end them. */
export const openSuperuserWriters = (db: Database): Promise<OtherSession[]> =>
  db.query<OtherSession>(`select ${COLUMNS} ${OTHERS} and r.rolsuper and a.backend_xid is not null`, [db.ownPids()])

/** Who has held a lock on a table that a fence cannot share for longest: the others come and go. */
export const holdersOf = (db: Database, table: string): Promise<OtherSession[]> =>
  db.query<OtherSession>(
    `select ${COLUMNS} ${OTHERS} and a.pid in (select l.pid from pg_locks l
       where l.relation = $2::regclass and l.granted and l.mode not in ('AccessShareLock', 'RowShareLock'))
     order by a.xact_start limit 1`,
    [db.ownPids(), table],
  )

/**
 * Tables of the customer's locked by an autovacuum that gives way to any lock request older than `deadlock_timeout`: one against wraparound
 * never does. Its session has no role, and its query may be hidden from us.
 */
export async function heldByAutovacuum(db: Queryable): Promise<TableName[]> {
  const tables = await listTables(db, {
    columns: '',
    where: `c.relkind = 'r'
      and pg_has_role(c.relowner, 'USAGE')
      and exists (
        select from pg_stat_activity a
        join pg_locks l on l.pid = a.pid
        where a.usesysid is null
          and l.relation = c.oid
          and l.database = (select oid from pg_database where datname = current_database())
          and l.granted
          and l.mode = 'ShareUpdateExclusiveLock'
          and coalesce(a.query, '') not like '%(to prevent wraparound)')`,
  })
  return tables.map(({name}) => name)
}

/** Age, in seconds, at which an open transaction is worth a word: its changes cannot be seen before it commits. */
const LONG_TRANSACTION_S = 5

/** The oldest open transaction that has written something, in words. */
export async function longTransaction(source: Queryable): Promise<string | undefined> {
  const [row] = await source.query<{pid: number; role: string; application: string; seconds: string}>(`
    select pid, coalesce(usename, 'unknown') as role, coalesce(application_name, '') as application,
      round(extract(epoch from clock_timestamp() - xact_start))::text as seconds
    from pg_stat_activity
    where datname = current_database() and backend_xid is not null and pid <> pg_backend_pid()
      and xact_start < clock_timestamp() - interval '${LONG_TRANSACTION_S} s'
    order by xact_start
    limit 1`)
  if (!row) return undefined
  const who = row.application ? `${row.role}, ${row.application}` : row.role
  return `waiting for pid ${row.pid} (${who}), whose transaction has been open for ${row.seconds} s`
}
