import {otherSessions, preparedTransactions} from '../../../postgres/sessions.js'
import type {Check} from '../../check.js'
import {sourceAnswering} from '../answering.js'

/** Connections to the source that the move needs. */
const NEEDED_CONNECTIONS = 4

const connections: Check = {
  id: 'connections-left',
  question: 'Are enough connections free for the move?',
  level: 'warning',
  example: {
    byHand: 'app',
    facts: (healthy) => ({
      ...healthy,
      sourceFacts: {...healthy.sourceFacts, connections: {used: 117, limit: 120}},
    }),
  },

  inspect({sourceFacts}) {
    const {used, limit} = sourceFacts.connections
    if (limit - used >= NEEDED_CONNECTIONS) return []
    return [
      {
        what: `${used} of ${limit} connections are in use; the move needs ${NEEDED_CONNECTIONS}`,
        remedy: 'lower the pool size of the app, or move at a quieter hour',
      },
    ]
  },
}

const prepared: Check = {
  id: 'prepared-transactions',
  question: 'Could a prepared transaction still commit after the freeze?',
  level: 'blocker',
  example: {
    on: 'source',
    sql: `begin; create table public.undecided (id int primary key); prepare transaction 'order 7'`,
    cure: `rollback prepared 'order 7'`,
  },

  async inspect({source}) {
    return (await preparedTransactions(source)).map((gid) => ({
      what: `transaction ${gid} is prepared: the freeze cannot stop it from committing its writes`,
      remedy: `run commit prepared '${gid}' or rollback prepared '${gid}'`,
    }))
  },
}

const openTransactions: Check = {
  id: 'open-transactions',
  question: 'Are there long-running or idle transactions that would block the fence?',
  level: 'warning',
  example: {facts: sourceAnswering({pid: 4711, role: 'app', idle: true, wrote: true, minutes: 7})},

  async inspect({source}) {
    // Ages by the server's clock. Transactions younger than a minute are no problem: change capture waits for them.
    const rows = await source.query<{pid: number; role: string; idle: boolean; wrote: boolean; minutes: number}>(
      `select pid, usename as role,
         state like 'idle in transaction%' as idle,
         backend_xid is not null as wrote,
         floor(extract(epoch from clock_timestamp() - xact_start) / 60)::int as minutes
       from pg_stat_activity
       where datname = current_database()
         and pid <> all ($1::int[])
         and backend_type = 'client backend'
         and (xact_start <= clock_timestamp() - interval '5 minutes'
           or xact_start <= clock_timestamp() - interval '1 minute'
             and state like 'idle in transaction%'
             and backend_xid is not null)`,
      [source.ownPids()],
    )
    return rows.map(({pid, role, idle, wrote, minutes}) => ({
      what: `pid ${pid} (${role}) has had a transaction open for ${minutes} min${idle ? ', idle in transaction' : ''}${wrote ? ', with uncommitted writes' : ''}`,
      remedy: 'commit or roll it back, or run pg_terminate_backend; otherwise the freeze ends it and rolls it back',
      fix: `select pg_terminate_backend(${pid})`,
    }))
  },
}

const outsideClients: Check = {
  id: 'outside-clients',
  question: 'Are clients other than the apps connected to the database?',
  level: 'warning',
  example: {byHand: 'app', facts: sourceAnswering({own: 'app', role: 'analytics', superuser: false})},

  async inspect({source, sourceFacts}) {
    const row = await source.queryOne<{own: string}>('select current_user as own')
    const others = new Map<string, number>()
    for (const {role, superuser} of await otherSessions(source)) {
      if (role !== row.own && !superuser) others.set(role, (others.get(role) ?? 0) + 1)
    }
    return [...others].map(([role, sessions]) => ({
      what: `credential ${role} has ${sessions} ${sessions === 1 ? 'session' : 'sessions'} on ${sourceFacts.addon}`,
      remedy: 'create the role on RDS and point these clients at it after the move; the freeze refuses their writes',
    }))
  },
}

const wraparound: Check = {
  id: 'wraparound-vacuum',
  question: 'Is an anti-wraparound vacuum running, which does not yield to the fence?',
  level: 'warning',
  example: {
    byHand: 'nothing',
    facts: sourceAnswering({query: 'autovacuum: VACUUM public.orders (to prevent wraparound)'}),
  },

  async inspect({source}) {
    const rows = await source.query<{query: string}>(
      `select query from pg_stat_activity
       where query like 'autovacuum:%(to prevent wraparound)' and datname = current_database()`,
    )
    return rows.map(({query}) => ({what: query, remedy: 'wait until this autovacuum has finished'}))
  },
}

export default [connections, prepared, openTransactions, outsideClients, wraparound] satisfies Check[]
