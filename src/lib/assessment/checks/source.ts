import {holdersOf, otherSessions, preparedTransactions} from '../../freeze/sessions.js'
import type {Check} from '../check.js'

const connections: Check = {
  id: 'connections-left',
  question: 'Are connections left for the move?',
  level: 'warning',

  inspect({
    sourceFacts: {
      connections: {used, limit},
    },
  }) {
    const left = limit - used
    if (left >= NEEDED_CONNECTIONS) return []
    return [
      {
        what: `${used} of ${limit} connections are in use; the move takes ${NEEDED_CONNECTIONS}`,
        remedy: 'lower the pool size of the app, or move in a quieter hour',
      },
    ]
  },
}

const NEEDED_CONNECTIONS = 4

const prepared: Check = {
  id: 'prepared-transactions',
  question: 'Could a prepared transaction still commit after the freeze?',
  level: 'blocker',

  async inspect({source}) {
    return (await preparedTransactions(source)).map((gid) => ({
      what: `transaction ${gid} is prepared: it holds writes that no freeze can stop`,
      remedy: `commit prepared '${gid}' or rollback prepared '${gid}'`,
    }))
  },
}

const longTransactions: Check = {
  id: 'long-transactions',
  question: 'Does a long transaction stand in the way of the fence?',
  level: 'warning',

  async inspect({source}) {
    const rows = await source.query<{pid: number; role: string; minutes: number}>(
      `select pid, usename as role, floor(extract(epoch from now() - xact_start) / 60)::int as minutes from pg_stat_activity
       where datname = current_database() and xact_start < now() - interval '5 minutes' and pid <> all ($1::int[])
         and backend_type = 'client backend'`,
      [source.ownPids()],
    )
    return rows.map(({pid, role, minutes}) => ({
      what: `pid ${pid} (${role}) has been in one transaction for ${minutes} minutes`,
      remedy: `let it end, or heroku pg:kill ${pid}; the freeze would end it and roll it back`,
    }))
  },
}

const outsideClients: Check = {
  id: 'outside-clients',
  question: 'Who besides the apps may be writing?',
  level: 'warning',

  async inspect({source, sourceFacts}) {
    const [row] = await source.query<{role: string}>('select current_user as role')
    const others = new Map<string, number>()
    for (const {role, superuser} of await otherSessions(source)) {
      if (role !== row!.role && !superuser) others.set(role, (others.get(role) ?? 0) + 1)
    }
    return [...others].map(([role, sessions]) => ({
      what: `${sessions} sessions of credential ${role} are connected to ${sourceFacts.addon}`,
      remedy: 'the freeze refuses their writes; point them at RDS afterwards, where the credential has to be made anew',
    }))
  },
}

const busyTables: Check = {
  id: 'wraparound-vacuum',
  question: 'Is a vacuum against wraparound running, behind which the fence would queue?',
  level: 'warning',

  async inspect({source}) {
    const rows = await source.query<{query: string; table: string | null}>(`
      select a.query, p.relid::regclass::text as table from pg_stat_activity a left join pg_stat_progress_vacuum p on p.pid = a.pid
      where a.query like 'autovacuum:%(to prevent wraparound)' and a.datname = current_database()`)
    const findings = []
    for (const {query, table} of rows) {
      const waiting = table ? await holdersOf(source, table) : []
      findings.push({
        what: `${query}${waiting.length > 0 ? ` (${waiting.length} sessions wait)` : ''}`,
        remedy: 'wait until it has finished',
      })
    }
    return findings
  },
}

const publications: Check = {
  id: 'publications',
  question: 'Does somebody replicate from this database?',
  level: 'warning',
  example: 'create table public.published (id int primary key); create publication readers for table public.published',
  cure: 'drop publication readers',

  async inspect({source}) {
    const rows = await source.query<{name: string}>('select pubname as name from pg_publication order by 1')
    return rows.map(({name}) => ({
      what: `publication ${name} is not carried to RDS`,
      remedy: `drop publication ${name}, or create it again on RDS after the move`,
    }))
  },
}

export default [connections, prepared, longTransactions, outsideClients, busyTables, publications] satisfies Check[]
