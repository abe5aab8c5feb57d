import {otherSessions, preparedTransactions} from '../../../postgres/sessions.js'
import type {Check} from '../../check.js'
import {sourceAnswering} from '../answering.js'

const NEEDED_CONNECTIONS = 4

const connections: Check = {
  id: 'connections-left',
  question: 'Are connections left for the move?',
  level: 'warning',
  example: {
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
        what: `${used} of ${limit} connections are in use; the move takes ${NEEDED_CONNECTIONS}`,
        remedy: 'lower the pool size of the app, or move in a quieter hour',
      },
    ]
  },
}

const prepared: Check = {
  id: 'prepared-transactions',
  question: 'Could a prepared transaction still commit after the freeze?',
  level: 'blocker',
  example: {facts: sourceAnswering({gid: 'order 7'})},

  async inspect({source}) {
    return (await preparedTransactions(source)).map((gid) => ({
      what: `transaction ${gid} is prepared: it holds writes that no freeze can stop`,
      remedy: `commit prepared '${gid}' or rollback prepared '${gid}'`,
    }))
  },
}

const openTransactions: Check = {
  id: 'open-transactions',
  question: 'Does an open transaction stand in the way of the fence?',
  level: 'warning',
  example: {
    on: 'source',
    held: true,
    sql: 'begin; create table public.half_done ()',
    cure: 'rollback',
  },

  async inspect({source}) {
    const rows = await source.query<{pid: number; role: string; idle: boolean; minutes: number}>(
      `select pid, usename as role, state like 'idle in transaction%' as idle, floor(extract(epoch from now() - xact_start) / 60)::int as minutes
       from pg_stat_activity
       where datname = current_database() and pid <> all ($1::int[]) and backend_type = 'client backend'
         and (xact_start < now() - interval '5 minutes' or state like 'idle in transaction%' and backend_xid is not null)`,
      [source.ownPids()],
    )
    return rows.map(({pid, role, idle, minutes}) => ({
      what: `pid ${pid} (${role}) has been in one transaction for ${minutes === 0 ? 'less than a minute' : `${minutes} min`}${idle ? ', idle, with writes of its own' : ''}`,
      remedy: 'let it end, or end it; the freeze would end it and roll it back',
      fix: `select pg_terminate_backend(${pid})`,
    }))
  },
}

const outsideClients: Check = {
  id: 'outside-clients',
  question: 'Who besides the apps may be writing?',
  level: 'warning',
  example: {facts: sourceAnswering({own: 'app', role: 'analytics', superuser: false})},

  async inspect({source, sourceFacts}) {
    const row = await source.queryOne<{own: string}>('select current_user as own')
    const others = new Map<string, number>()
    for (const {role, superuser} of await otherSessions(source)) {
      if (role !== row.own && !superuser) others.set(role, (others.get(role) ?? 0) + 1)
    }
    return [...others].map(([role, sessions]) => ({
      what: `${sessions} sessions of credential ${role} are connected to ${sourceFacts.addon}`,
      remedy: 'the freeze refuses their writes; point them at RDS afterwards, where the credential has to be made anew',
    }))
  },
}

const wraparound: Check = {
  id: 'wraparound-vacuum',
  question: 'Is a vacuum against wraparound running, behind which the fence would queue?',
  level: 'warning',
  example: {facts: sourceAnswering({query: 'autovacuum: VACUUM public.orders (to prevent wraparound)'})},

  async inspect({source}) {
    const rows = await source.query<{query: string}>(
      `select query from pg_stat_activity
       where query like 'autovacuum:%(to prevent wraparound)' and datname = current_database()`,
    )
    return rows.map(({query}) => ({what: query, remedy: 'wait until it has finished'}))
  },
}

export default [connections, prepared, openTransactions, outsideClients, wraparound] satisfies Check[]
