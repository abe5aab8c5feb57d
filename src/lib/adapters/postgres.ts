import pg from 'pg'
import {from as copyFrom, to as copyTo} from 'pg-copy-streams'

import {type RdsError, refused} from '../errors.js'
import type {Database, Session} from '../ports.js'
import type {ConnectionParts} from './connection-url.js'

/** `verified` checks the chain against these authorities and the host name; `encrypted` is what Heroku Postgres allows. */
export type Tls = {mode: 'encrypted'} | {mode: 'verified'; authorities: string[]}

export const APPLICATION_NAME = 'heroku-plugin-rds'
const CONNECT_TIMEOUT_MS = 15_000
const SOCKET_IDLE_MS = 10_000

/**
 * Settings that no role, database or earlier freeze may change under us; text forms depend on half of them. Our sessions
 * write through a database's read-only default, and never wait long for a lock.
 */
const SESSION = {
  default_transaction_read_only: 'off',
  default_transaction_isolation: 'read\\ committed',
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  lock_timeout: '5s',
  row_security: 'off',
  search_path: 'pg_catalog',
  datestyle: 'ISO',
  intervalstyle: 'postgres',
  extra_float_digits: '3',
  timezone: 'UTC',
  bytea_output: 'hex',
}

/** Values stay as the server writes them, but for booleans, 32-bit integers and JSON. */
const PARSED_TYPES = new Set([16, 21, 23, 114, 199, 1005, 1007, 1009])
const types = {
  getTypeParser: (oid: number, format?: 'binary' | 'text') =>
    PARSED_TYPES.has(oid) ? pg.types.getTypeParser(oid, format) : (value: string) => value,
}

export function clientConfig(parts: ConnectionParts, tls: Tls): pg.ClientConfig {
  return {
    host: parts.host,
    port: parts.port,
    database: parts.database,
    user: parts.user,
    password: parts.password.reveal(),
    application_name: APPLICATION_NAME,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: SOCKET_IDLE_MS,
    ssl: tls.mode === 'verified' ? {ca: tls.authorities, servername: parts.host} : {rejectUnauthorized: false},
  }
}

/** A database over a small pool of connections; call `close` at the end. */
export function openDatabase(
  side: Database['side'],
  parts: ConnectionParts,
  tls: Tls,
): Database & {close(): Promise<void>} {
  const place = `${parts.host}:${parts.port}/${parts.database}`
  const options = Object.entries(SESSION)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ')
  const pool = new pg.Pool({
    ...clientConfig(parts, tls),
    options,
    types: types,
    max: 4,
    idleTimeoutMillis: 0,
  })
  const pids = new Set<number>()
  const pidOf = (client: pg.PoolClient) => (client as unknown as {processID: number}).processID
  pool.on('connect', (client) => pids.add(pidOf(client)))
  pool.on('remove', (client) => pids.delete(pidOf(client)))
  pool.on('error', () => undefined) // an idle connection that breaks is replaced at the next use

  const session: Database['session'] = async (work) => {
    const client = await pool.connect().catch((error: unknown) => {
      throw connectionError(error, side, place)
    })
    let broken = true
    try {
      const result = await work(sessionOf(client))
      broken = false
      return result
    } finally {
      client.release(broken)
    }
  }

  return {
    side,
    place,
    session,
    query: (sql, values) => session((client) => client.query(sql, values)),
    transaction: (work, mode = '') =>
      session(async (client) => {
        await client.query(`begin ${mode}`)
        const result = await work(client)
        await client.query('commit')
        return result
      }),
    ownPids: () => [...pids],
    close: () => pool.end(),
  }
}

const sessionOf = (client: pg.PoolClient): Session => ({
  async query<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]> {
    const result = (await client.query(sql, values as unknown[])) as pg.QueryResult | pg.QueryResult[]
    return (Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows) as Row[]
  },
  copyOut: (sql) => client.query(copyTo(sql)),
  copyIn: (sql) => client.query(copyFrom(sql)),
})

const REASONS: Record<string, (side: string, place: string) => [string, ...string[]]> = {
  '28P01': (side, place) => [`${side} ${place} refused the password`, 'check the credentials'],
  '28000': (side, place) => [
    `${side} ${place} refused this user or this network`,
    'check user, pg_hba rules and rds.force_ssl',
  ],
  '3D000': (side, place) => [`${side} ${place} does not exist`, 'check the name of the database'],
  '53300': (side, place) => [`${side} ${place} has no connection left`, 'free some, or lower the pool size of the app'],
  '57P03': (side, place) => [`${side} ${place} is starting up or shutting down`, 'try again in a minute'],
  ENOTFOUND: (side, place) => [`${side} ${place} cannot be found: no such host`, 'check the host name'],
  ECONNREFUSED: (side, place) => [
    `${side} ${place} refuses connections`,
    'check host and port, and that the server runs',
  ],
  ETIMEDOUT: (side, place) => [
    `${side} ${place} does not answer`,
    'check the security group, and that it is publicly accessible',
  ],
  ERR_TLS_CERT_ALTNAME_INVALID: (side, place) => [
    `the certificate of ${side} ${place} is for another host`,
    'use the endpoint that AWS shows, not an alias or an address',
  ],
}

const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_HAS_EXPIRED',
])

/** Why a connection could not be made, in one sentence without credentials. */
function connectionError(error: unknown, side: string, place: string): RdsError {
  const {code = '', message = ''} = error as {code?: string; message?: string}
  const reason = REASONS[/timeout/i.test(message) ? 'ETIMEDOUT' : code]
  const name = `the ${side}`
  if (reason) {
    const [sentence, ...remedies] = reason(name, place)
    return refused(`${side}_unreachable`, sentence, ...remedies)
  }
  if (UNTRUSTED.has(code)) {
    return refused(
      `${side}_untrusted`,
      `the certificate of ${name} ${place} is not signed by a trusted authority (${code})`,
      'add sslrootcert=FILE to the URL when the authority is not the one of RDS',
    )
  }
  return refused(`${side}_unreachable`, `${name} ${place} cannot be used: ${message || code}`)
}
