import type pg from 'pg'

import {asking, asks} from '../flow/waits.js'
import {refused} from '../ports/errors.js'
import type {ExportedSlot, Publisher} from '../ports/ports.js'
import {Secret} from '../ports/secret.js'
import {Client} from './client.js'
import {connectionError} from './connection-errors.js'
import type {ConnectionParts} from '../postgres/connection-url.js'
import {clientConfig, PREPARE, type Tls, TRIPS_TO_CONNECT} from './client-settings.js'

/** The session keeps a snapshot for as long as a copy takes, and making a slot waits for every open transaction. */
const OPTIONS = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']
  .map((name) => `-c ${name}=0`)
  .join(' ')

/** The source, as its replication protocol serves others. `current` tells how it is reached today. */
export const publisherOf = (current: () => Promise<ConnectionParts>, tls: Tls): Publisher => ({
  async connection() {
    const {host, port, database, user, password, tunnel} = await current()
    if (tunnel) {
      throw refused(
        'no_way_for_the_target',
        'not possible with this version: the source is reached through a bastion, and a subscription of the target cannot use it',
        'use another method',
      )
    }
    const fields = {host, port, dbname: database, user, password: password.reveal(), sslmode: 'require'}
    return new Secret(
      Object.entries(fields)
        .map(([name, value]) => `${name}=${quoted(String(value))}`)
        .join(' '),
    )
  },

  async createSlot(name, signal): Promise<ExportedSlot> {
    const parts = await current()
    const client = new Client({
      ...clientConfig(parts, tls),
      options: OPTIONS,
      replication: 'database',
    } as pg.ClientConfig)
    let held = true
    client.on('error', () => undefined)
    client.once('end', () => (held = false))
    const end = () => client.end().catch(() => undefined)
    const abort = () => void end()
    signal.addEventListener('abort', abort, {once: true})
    try {
      const connected = asks('databases')
      await client.connect().catch((error: unknown) => {
        throw connectionError(error, 'source', `${parts.host}:${parts.port}/${parts.database}`)
      })
      connected(TRIPS_TO_CONNECT)
      await asking('databases', () => client.query(PREPARE))
      // The form that every major understands.
      const {rows} = await asking('databases', () =>
        client.query<{consistent_point: string; snapshot_name: string}>(
          `CREATE_REPLICATION_SLOT "${name}" LOGICAL pgoutput EXPORT_SNAPSHOT`,
        ),
      )
      return {start: rows[0]!.consistent_point, snapshot: rows[0]!.snapshot_name, isHeld: () => held, release: end}
    } catch (error) {
      await end()
      signal.throwIfAborted()
      throw error
    } finally {
      signal.removeEventListener('abort', abort)
    }
  },
})

/** A value of a libpq connection string. */
const quoted = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
