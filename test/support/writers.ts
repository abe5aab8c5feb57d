import {randomUUID} from 'node:crypto'
import {appendFileSync} from 'node:fs'
import {setTimeout as delay} from 'node:timers/promises'

import pg from 'pg'

import type {Shop} from '../../sandbox/shop.js'

/** How one write of an outside client ended. */
export interface Attempt {
  begun: number
  /** SQLSTATE or network error; undefined when it was acknowledged. */
  refusal?: string | undefined
}

const record = ({ledgerFile}: Shop, entry: object) => appendFileSync(ledgerFile, `${JSON.stringify(entry)}\n`)

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    ssl: {rejectUnauthorized: false},
    options: '-c default_transaction_read_only=off',
  })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

export type OpenTransaction = Awaited<ReturnType<typeof openTransaction>>

/**
 * A transaction of somebody outside of Heroku: it has written, and commits when it is told to. What it is acknowledged
 * goes into the ledger.
 */
export async function openTransaction(shop: Shop, url: string, name: string) {
  const client = await connect(url)
  const ref = randomUUID()
  const {rows} = await client.query<{database: string}>(
    `select inet_server_port() || '/' || current_database() as database`,
  )
  await client.query('begin')
  const sent = Date.now()
  await client.query(`insert into public.events (ref, kind, payload) values ($1, 'outside', '{}')`, [ref])
  return {
    ref,
    /** Ends with the connection either way; rejects with what the server said. */
    async commit(): Promise<void> {
      try {
        const {command} = await client.query('commit')
        if (command !== 'COMMIT') throw new Error(`commit was answered with ${command}`)
        record(shop, {ref, kind: 'outside', sent, acked: Date.now(), database: rows[0]!.database, process: name})
      } finally {
        await client.end().catch(() => undefined)
      }
    },
  }
}

/** A client that nobody told about the move: it connects anew for every write and overrides the read-only default. */
export function startOutsideWriter(shop: Shop, url: string) {
  const attempts: Attempt[] = []
  let going = true
  const work = async () => {
    while (going) {
      const begun = Date.now()
      attempts.push({begun, refusal: await writeOnce(shop, url)})
      await delay(20)
    }
  }
  const ended = work()
  return {
    attempts,
    async stop() {
      going = false
      await ended
    },
  }
}

async function writeOnce(shop: Shop, url: string): Promise<string | undefined> {
  const ref = randomUUID()
  const sent = Date.now()
  let client: pg.Client | undefined
  try {
    client = await connect(url)
    const {rows} = await client.query<{database: string}>(
      `insert into public.events (ref, kind, payload) values ($1, 'outside', '{}')
       returning inet_server_port() || '/' || current_database() as database`,
      [ref],
    )
    record(shop, {ref, kind: 'outside', sent, acked: Date.now(), database: rows[0]!.database, process: 'outside'})
    return undefined
  } catch (error) {
    const {code, message} = error as {code?: string; message: string}
    // Only a server's word means that nothing was written; a connection that broke leaves it open.
    if (client && !(error instanceof pg.DatabaseError))
      record(shop, {ref, kind: 'outside', sent, unknown: true, process: 'outside'})
    return code ?? message
  } finally {
    await client?.end().catch(() => undefined)
  }
}
