import type pg from 'pg'

import type {Shop} from '../../sandbox/shop.js'
import type {Sandbox} from '../../sandbox/sandbox.js'
import {connect} from '../stage.js'
import {type Catalog, readCatalog, type Table} from './catalog.js'
import {insert, Keys, makeRow, type Row, toChange} from './rows.js'

const TRIES = 15
/** Rows refused in a row after which a table is left as it is. */
const PATIENCE = 4

export interface Filled {
  catalog: Catalog
  rows: number
  /** Rows that no try got in, by table, with the last refusal. */
  unfilled: {table: string; rows: number; because: string}[]
}

/** Fills every table as the owner; where triggers or policies refuse everything, as the provider with the triggers off. */
export async function fill({source}: Sandbox, shop: Shop, rowsEach: number): Promise<Filled> {
  const owner = await connect(shop.source.url)
  const provider = await connect(source.superuserUrl(shop.source.database))
  try {
    await provider.query('set search_path = pg_catalog')
    const catalog = await readCatalog(provider)
    await provider.query('reset search_path')
    await provider.query('set session_replication_role = replica')
    const keys = new Keys(provider)
    const filled: Filled = {catalog, rows: 0, unfilled: []}
    for (const table of catalog.tables) {
      const {rows, because} = await fillTable({owner, provider, keys, catalog}, table, rowsEach)
      filled.rows += rows
      if (rows < rowsEach && because) filled.unfilled.push({table: table.name, rows: rowsEach - rows, because})
    }
    await refresh(owner)
    return filled
  } finally {
    await Promise.all([owner.end(), provider.end()])
  }
}

interface Fillers {
  owner: pg.Client
  provider: pg.Client
  keys: Keys
  catalog: Catalog
}

async function fillTable({owner, provider, ...world}: Fillers, table: Table, rowsEach: number) {
  let [rows, failed, because] = [0, 0, '']
  let by = owner
  while (rows < rowsEach && failed < PATIENCE) {
    const refusal = await insertSome(by, world, table)
    if (refusal === undefined) {
      rows++
      failed = 0
    } else if (by === owner) by = provider
    else {
      failed++
      because = refusal
    }
  }
  return {rows, because}
}

/** Tries until the server takes a row; returns its last refusal. */
async function insertSome(
  client: pg.Client,
  {catalog, keys}: Pick<Fillers, 'catalog' | 'keys'>,
  table: Table,
): Promise<string | undefined> {
  let row: Row | undefined
  let anew: ReadonlySet<string> | undefined
  for (let tries = 1; ; tries++) {
    row = await makeRow(catalog, table, keys, row, anew)
    if (!row) return 'there is nothing to refer to'
    try {
      await insert(client, table, row)
      return undefined
    } catch (error) {
      if (tries === TRIES) return (error as Error).message
      anew = tries % 5 === 0 ? undefined : toChange(error, table)
    }
  }
}

/** One view can read another: as often as that brings something. */
async function refresh(owner: pg.Client): Promise<void> {
  for (let left = Infinity; ;) {
    const {rows} = await owner.query<{name: string}>(
      `select format('%I.%I', schemaname, matviewname) as name from pg_matviews where not ispopulated`,
    )
    if (rows.length === 0 || rows.length === left) return
    left = rows.length
    for (const {name} of rows) await owner.query(`refresh materialized view ${name}`).catch(() => undefined)
  }
}
