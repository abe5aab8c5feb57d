import {setTimeout as delay} from 'node:timers/promises'

import pg from 'pg'

import {connect} from '../stage.js'
import type {Catalog, Column, Table} from './catalog.js'
import {anyValue, insert, Keys, makeRow, shuffled} from './rows.js'
import {chance, pick} from './values.js'

const {escapeIdentifier: id} = pg
const PAUSE_MS = 5
const REFUSED = '25006'

export interface Written {
  /** Statements that were acknowledged and changed a row. */
  changes: number
  /** What the app's own rules said, by SQLSTATE. */
  refusals: Record<string, number>
  /** Refused by a fence, or by a database that is read only. */
  fenced: number
  /** Errors that come out of the plugin's own objects. */
  ours: string[]
}

/** Inserts, updates and deletes rows of all tables, as the app would. */
export interface Writer {
  readonly written: Written
  /** For as long as nothing is to change: an ongoing statement has ended when it returns. */
  stop(): Promise<void>
}

/** Goes on through lost connections and a frozen source until it is stopped. */
export function startWriter(url: string, catalog: Catalog): Writer {
  const written: Written = {changes: 0, refusals: {}, fenced: 0, ours: []}
  const stopping = new AbortController()
  const {signal} = stopping
  const writable = catalog.tables.filter(({columns}) => columns.length > 0)
  const writing = (async () => {
    while (!signal.aborted && writable.length > 0) {
      try {
        const client = await connect(url)
        try {
          const keys = new Keys(client)
          while (!signal.aborted) await write(client, catalog, pick(writable), keys, written)
        } finally {
          await client.end()
        }
      } catch {
        await delay(100)
      }
    }
  })()
  return {
    written,
    async stop() {
      stopping.abort()
      await writing
    },
  }
}

/** One statement, sometimes in a transaction that comes to nothing. Fails when the connection is lost. */
async function write(client: pg.Client, catalog: Catalog, table: Table, keys: Keys, written: Written): Promise<void> {
  const dice = Math.random()
  const vain = chance(0.05)
  try {
    if (vain) await client.query('begin')
    let changed = 1
    if (dice < 0.45) {
      const row = await makeRow(catalog, table, keys)
      if (row) await insert(client, table, row)
      else changed = 0
    } else if (dice < 0.85) changed = await update(client, catalog, table)
    else changed = await remove(client, table)
    if (!vain) written.changes += changed
  } catch (error) {
    const {code, message, where} = error as pg.DatabaseError
    if (!code || code.startsWith('57')) throw error
    if (code === REFUSED) {
      written.fenced++
      await delay(50)
    } else {
      written.refusals[code] = (written.refusals[code] ?? 0) + 1
      if (/heroku_rds/.test(`${message} ${where}`)) written.ours.push(`${code}: ${message}`)
    }
  }
  if (vain) await client.query('rollback')
  await delay(PAUSE_MS)
}

const anyRow = (table: Table) => `ctid = any (array(select ctid from ${table.name} order by random() limit 1))`

async function update(client: pg.Client, {types}: Catalog, table: Table): Promise<number> {
  const changes = shuffled(table.columns)
    .slice(0, 1 + Math.floor(Math.random() * 3))
    .map((column): [Column, string | null | undefined] => [column, anyValue(column, types)])
    .filter(([, value]) => value !== undefined)
  if (changes.length === 0) return 0
  const set = changes.map(([{name, typeName}], nth) => `${id(name)} = $${nth + 1}::${typeName}`).join()
  const {rowCount} = await client.query(
    `update ${table.name} set ${set} where ${anyRow(table)}`,
    changes.map(([, value]) => value),
  )
  return rowCount ?? 0
}

async function remove(client: pg.Client, table: Table): Promise<number> {
  const {rowCount} = await client.query(`delete from ${table.name} where ${anyRow(table)}`)
  return rowCount ?? 0
}
