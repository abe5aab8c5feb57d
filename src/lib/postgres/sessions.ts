import type {Database, Queryable} from '../ports/ports.js'
import {answerOf, everyAnswer, type Question} from './answers.js'
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
const othersThan = (ours: string): string => `
  from pg_stat_activity a
  join pg_roles r on r.oid = a.usesysid
  where a.datname = current_database()
    and coalesce(a.backend_type, 'client backend') = 'client backend'
    and a.pid <> all (${ours}::int[])`

const OTHERS = othersThan('$1')

const ENDABLE = `not r.rolsuper and (pg_has_role(r.oid, 'USAGE') or pg_has_role('pg_signal_backend', 'USAGE'))`

const COLUMNS = `a.pid, coalesce(a.usename, 'unknown') as role, coalesce(a.application_name, '') as application,
  host(a.client_addr) as address, r.rolsuper as superuser`

/** SQL condition: somebody is connected who is neither us (`$1`: our backends) nor Heroku or AWS themselves. */
export const ELSE_CONNECTED = `exists (select ${OTHERS} and not r.rolsuper)`

/** Client sessions on this database that are not ours. */
export const otherSessions = (db: Database): Promise<OtherSession[]> =>
  db.query<OtherSession>(`select ${COLUMNS} ${OTHERS} order by a.backend_start`, [db.ownPids()])

/**
 * Ends every client session that is not ours and that we may end; uncommitted work of theirs is rolled back. What the
 * others hold open the barrier finds out. Returns how many it ended, and how many of them began before the moment `since`, or may have.
 */
export async function endOtherSessions(db: Database, since = 'infinity'): Promise<{ended: number; earlier: number}> {
  return db.queryOne<{ended: number; earlier: number}>(
    `select count(*) filter (where pg_terminate_backend(pid))::int as ended,
       count(*) filter (where backend_start is null or backend_start < $2::timestamptz)::int as earlier
     from (select a.pid, a.backend_start ${OTHERS} and ${ENDABLE}) others`,
    [db.ownPids(), since],
  )
}

/** Names of transactions that are prepared on this database: they hold writes that no session sees. */
export const PREPARED: Question<string[]> = {
  query: `select coalesce(json_agg(gid), '[]') from pg_prepared_xacts where database = current_database()`,
}

/** The same, asked. */
export const preparedTransactions = async (db: Queryable): Promise<string[]> =>
  (await everyAnswer<{prepared: string[]}>(db, {prepared: PREPARED})).prepared

/** Processes of superusers' transactions that have written something and are still open: nobody but they can end them. */
export const superuserWriters = (db: Database): Question<number[]> => ({
  query: `
    select coalesce(json_agg(a.pid), '[]')
    ${othersThan(`'{${db.ownPids().join()}}'`)}
      and r.rolsuper
      and a.backend_xid is not null`,
})

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

export interface LongTransaction {
  pid: number
  role: string
  application: string
  seconds: number
}

/** The oldest open transaction that has written something; null where there is none. */
export const LONG_TRANSACTION: Question<LongTransaction | null> & {query: string} = {
  query: `
    select json_build_object('pid', pid, 'role', coalesce(usename, 'unknown'),
      'application', coalesce(application_name, ''),
      'seconds', round(extract(epoch from clock_timestamp() - xact_start)))
    from pg_stat_activity
    where datname = current_database() and backend_xid is not null and pid <> pg_backend_pid()
      and xact_start < clock_timestamp() - interval '${LONG_TRANSACTION_S} s'
    order by xact_start
    limit 1`,
}

/** The same, asked, and in words. */
export async function longTransaction(source: Queryable): Promise<string | undefined> {
  const found = await answerOf(source, LONG_TRANSACTION)
  return found ? waitingFor(found) : undefined
}

export const waitingFor = ({pid, role, application, seconds}: LongTransaction): string =>
  `waiting for pid ${pid} (${application ? `${role}, ${application}` : role}), whose transaction has been open for ${seconds} s`
