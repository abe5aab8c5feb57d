import type {TLSSocket} from 'node:tls'

import pg from 'pg'

import type {Database, SessionOptions} from '../ports/ports.js'
import {type Connected, transactionOn} from './transaction.js'
import {asks, asksLast} from '../flow/waits.js'
import {failed} from '../ports/errors.js'
import {Client} from './client.js'
import {clientConfig, READING, SESSION, type Tls, TRIPS_TO_CONNECT, types} from './client-settings.js'
import {connectionError} from './connection-errors.js'
import {identifier} from '../postgres/catalog.js'
import type {ConnectionParts} from '../postgres/connection-url.js'
import {CopyIn, CopyOut} from './copy-streams.js'
import {beginning, carry, discardAll, discarding, prepare, tell, tellPrepared} from './messages.js'
import {codeOf, INVALID_PASSWORD} from '../postgres/sqlstate.js'
import {queryOneBy} from '../postgres/query-one.js'

/** Connections at most: a bound for accidents, as callers ask the server first what it can spare. */
const MOST_CONNECTIONS = 50

/**
 * A database over a small pool of connections; call `close` at the end. `renew` is asked for the credentials of the day
 * when those at hand are refused: Heroku rotates them on request. Sessions that are `reading` cannot
 * write, and give up rather than load a database in production.
 */
export function openDatabase(
  side: Database['side'],
  parts: ConnectionParts,
  tls: Tls,
  {renew, reading = false}: {renew?: () => Promise<ConnectionParts>; reading?: boolean} = {},
): Database & {connect(): Promise<void>; close(): Promise<void>} {
  const place = `${parts.host}:${parts.port}/${parts.database}`
  const clients = new Set<pg.PoolClient>()
  const pidOf = (client: pg.PoolClient) => (client as unknown as {processID: number}).processID
  let current = parts
  const settings = reading ? {...SESSION, ...READING} : SESSION
  let pool = poolFor(parts, tls, clients, settings)

  const connect = async (): Promise<pg.PoolClient> => {
    try {
      return await pool.connect()
    } catch (error) {
      if (!renew || codeOf(error) !== INVALID_PASSWORD) throw error
      current = await renew()
      void pool.end()
      pool = poolFor(current, tls, clients, settings)
      return pool.connect()
    }
  }

  const known = new WeakSet<pg.PoolClient>()
  let carried: Readonly<Record<string, string>> = {}
  const fromPool = async (): Promise<pg.PoolClient> => {
    const connected = asks('databases')
    let client: pg.PoolClient | undefined
    try {
      client = await connect()
      return client
    } catch (error) {
      throw connectionError(error, side, place)
    } finally {
      connected(client && known.has(client) ? 0 : TRIPS_TO_CONNECT)
      if (client) known.add(client)
    }
  }

  const checkOut = async (): Promise<pg.PoolClient> => {
    const client = await fromPool()
    try {
      await carry(client, carried)
      return client
    } catch (error) {
      client.release(true)
      throw error
    }
  }

  /** After an error the state of the connection is unknown: it is not used again. */
  const withClient = async <T>(
    work: (client: pg.PoolClient) => Promise<T>,
    {lost, discard}: SessionOptions = {},
  ): Promise<T> => {
    const client = await checkOut()
    const onEnd = () => lost?.()
    client.once('end', onEnd)
    let usable = false
    try {
      const result = await work(client)
      usable = discard ? await discardAll(client) : true
      return result
    } finally {
      client.removeListener('end', onEnd)
      client.release(!usable)
    }
  }

  const query = async <Row>(sql: string, values?: readonly unknown[]): Promise<Row[]> => {
    const client = await checkOut()
    let usable = true
    try {
      return rowsOf<Row>(await tellPrepared(client, sql, values))
    } catch (error) {
      usable = error instanceof pg.DatabaseError && (await isOutsideTransaction(client))
      throw error
    } finally {
      client.release(!usable)
    }
  }

  return {
    side,
    place,
    query,
    queryOne: queryOneBy(query),
    session: (work, how) =>
      withClient(async (client) => {
        await prepare(client)
        return work(sessionOf(client))
      }, how),

    transaction: (work, {mode = '', path, first, rollBack, ...how} = {}) =>
      withClient(
        async (client) => {
          const begin = [
            `begin ${mode}`,
            ...(path === undefined ? [] : [`set local search_path = ${path}`]),
            ...(first === undefined ? [] : [first]),
          ]
          const {session, commit, rollback} = transactionOn(sessionOf(client), beginning(client, begin))
          const result = await work(session)
          if (rollBack) await rollback(how.discard ? [discarding(client)] : [])
          else if (!(await commit())) throw failed('rolled_back', `a transaction on the ${side} could not be committed`)
          return result
        },
        rollBack ? {...how, discard: undefined} : how,
      ),

    async certificate() {
      const client = await checkOut()
      try {
        const {stream} = (client as unknown as {connection: {stream: Partial<TLSSocket>}}).connection
        const validTo = stream.getPeerCertificate?.().valid_to
        return validTo ? {validTo: new Date(validTo)} : undefined
      } finally {
        client.release()
      }
    },

    listening: (channel, work) =>
      withClient(async (client) => {
        const heard: string[] = []
        const hear = ({channel: where, payload = ''}: pg.Notification) => {
          if (where === channel) heard.push(payload)
        }
        client.on('notification', hear)
        try {
          await tellPrepared(client, `listen ${identifier(channel)}`)
          return await work(() => heard)
        } finally {
          client.removeListener('notification', hear)
          await tell(client, `unlisten ${identifier(channel)}`)
        }
      }),

    carry(settings) {
      carried = {...carried, ...settings}
    },

    ownPids: () => [...clients].map(pidOf),

    async interrupt() {
      const pids = [...clients].map(pidOf)
      const canceller = new Client(clientConfig(current, tls))
      canceller.on('error', () => undefined)
      const connected = asks('databases')
      await canceller.connect()
      connected(TRIPS_TO_CONNECT)
      await tell(canceller, 'select pg_catalog.pg_cancel_backend(pid) from pg_catalog.unnest($1::int[]) pid', [pids])
      await canceller.end()
    },

    async connect() {
      const client = await checkOut()
      client.release()
    },

    close: () => pool.end(),
  }
}

function poolFor(
  parts: ConnectionParts,
  tls: Tls,
  clients: Set<pg.PoolClient>,
  settings: Record<string, string>,
): pg.Pool {
  const options = Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ')
  const bounds = {max: MOST_CONNECTIONS, idleTimeoutMillis: 0}
  const pool = new pg.Pool({...clientConfig(parts, tls), ...bounds, options, types, Client})
  pool.on('connect', (client) => {
    clients.add(client)
    // A broken connection fails the query that uses it, now or next; by itself it must not end the process.
    client.on('error', () => undefined)
  })
  pool.on('remove', (client) => clients.delete(client))
  pool.on('error', () => undefined)
  return pool
}

/** A message whose statements were transactions of their own can have broken off within one. */
async function isOutsideTransaction(client: pg.PoolClient): Promise<boolean> {
  if (client.getTransactionStatus() === 'I') return true
  return tell(client, 'rollback').then(
    () => true,
    () => false,
  )
}

/** Of the last statement. */
const rowsOf = <Row>(result: pg.QueryResult | pg.QueryResult[]): Row[] =>
  (Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows) as Row[]

function sessionOf(client: pg.PoolClient): Connected {
  const send = async (sql: string, values?: readonly unknown[]): Promise<pg.QueryResult> => {
    const result = (await tell(client, sql, values)) as pg.QueryResult | pg.QueryResult[]
    return Array.isArray(result) ? result.at(-1)! : result
  }
  const query = async <Row>(sql: string, values?: readonly unknown[]): Promise<Row[]> =>
    (await send(sql, values)).rows as Row[]
  return {
    send,
    query,
    queryOne: queryOneBy(query),
    copyOut(sql, ahead) {
      const ended = asks('databases')
      return client.query(new CopyOut(sql, ahead)).once('close', () => ended())
    },
    copyIn: (sql, ahead) => client.query(new CopyIn(sql, ahead)).once('finish', asksLast('databases')),
  }
}
