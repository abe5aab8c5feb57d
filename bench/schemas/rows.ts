import {randomInt} from 'node:crypto'

import pg from 'pg'

import type {Catalog, Column, ForeignKey, Table} from './catalog.js'
import {chance, pick, valueOf} from './values.js'

const {escapeIdentifier: id} = pg

/** Values by column, as text; a column that is left out gets its default. */
export type Row = Map<string, string | null>

/** Keys that are there to be referred to; asked for once in a while. */
export class Keys {
  readonly #known = new Map<ForeignKey, {at: number; keys: (string | null)[][]}>()
  readonly #client: pg.Client

  constructor(client: pg.Client) {
    this.#client = client
  }

  async of(foreignKey: ForeignKey): Promise<(string | null)[][]> {
    const known = this.#known.get(foreignKey)
    if (known && Date.now() - known.at < 2000 && known.keys.length > 0) return known.keys
    const columns = foreignKey.keys.map((key) => `${id(key)}::text`).join()
    const {rows} = await this.#client.query<(string | null)[]>({
      text: `select ${columns} from ${foreignKey.table} order by random() limit 300`,
      rowMode: 'array',
    })
    this.#known.set(foreignKey, {at: Date.now(), keys: rows})
    return rows
  }
}

/** A new row, or an earlier one with other values in some columns; undefined where there is nothing that it could refer to. */
export async function makeRow(
  {types}: Catalog,
  table: Table,
  keys: Keys,
  earlier?: Row,
  anew?: ReadonlySet<string>,
): Promise<Row | undefined> {
  const row: Row = new Map(earlier)
  const referring = table.foreignKeys.filter(({columns}) => !anew || columns.some((column) => anew.has(column)))
  const chosen = new Set<string>()
  const toItself: ForeignKey[] = []
  for (const foreignKey of referring) {
    if (await refer(table, foreignKey, keys, row, chosen)) continue
    if (foreignKey.table !== table.name) return undefined
    toItself.push(foreignKey)
  }
  for (const column of table.columns) {
    if (chosen.has(column.name) || (anew && !anew.has(column.name))) continue
    const value = anyValue(column, types, anew)
    if (value === undefined) row.delete(column.name)
    else row.set(column.name, value)
  }
  return toItself.every((key) => referToItself(table, key, row, types)) ? row : undefined
}

/** The first row of a tree. False where the server alone chooses its key. */
function referToItself(table: Table, key: ForeignKey, row: Row, types: Catalog['types']): boolean {
  return key.columns.every((name, nth) => {
    const own = table.columns.find((column) => column.name === key.keys[nth])
    const value = own && (row.get(own.name) ?? valueOf(own.type, {types, modifier: own.modifier, unique: true}))
    if (value === undefined || value === null) return false
    row.set(own!.name, value).set(name, value)
    return true
  })
}

/** Shares of nulls: some conditions hold of hardly any, others of one that is none. */
const NULLS = [0.1, 0.1, 0.5, 0.85]

/** Columns that an earlier key has chosen already are kept: one tenant in all keys of a row. False where no key fits. */
async function refer(table: Table, key: ForeignKey, keys: Keys, row: Row, chosen: Set<string>): Promise<boolean> {
  const fits = (there: readonly (string | null)[]) =>
    key.columns.every((column, nth) => !chosen.has(column) || row.get(column) === there[nth])
  const there = (await keys.of(key)).filter(fits)
  const optional = key.columns.every((name) => !table.columns.find((column) => column.name === name)?.notNull)
  if (there.length === 0 && !optional) return false
  const values = there.length === 0 || (optional && chance(pick(NULLS))) ? undefined : pick(there)
  key.columns.forEach((column, nth) => {
    if (chosen.has(column)) return
    row.set(column, values ? values[nth]! : null)
    chosen.add(column)
  })
  return true
}

/** Undefined leaves the column out. */
export function anyValue(column: Column, types: Catalog['types'], again?: unknown): string | null | undefined {
  if (column.hasDefault && chance(column.unique && !again ? 0.95 : 0.3)) return undefined
  if (!column.notNull && chance(pick(NULLS))) return null
  if (column.literals.length > 0 && chance(0.6)) return pick(column.literals)
  return valueOf(column.type, {types, modifier: column.modifier, unique: column.unique})
}

export async function insert(client: pg.Client, table: Table, row: Row): Promise<void> {
  const there = table.columns.filter(({name}) => row.has(name))
  const columns = there.map(({name}) => id(name)).join()
  const values = there.map(({typeName}, nth) => `$${nth + 1}::${typeName}`).join()
  await client.query(
    there.length === 0
      ? `insert into ${table.name} default values`
      : `insert into ${table.name} (${columns}) values (${values})`,
    there.map(({name}) => row.get(name)),
  )
}

/** Which columns another try should change, by what the server refused; undefined for all of them. */
export function toChange(error: unknown, table: Table): ReadonlySet<string> | undefined {
  const {constraint, column, dataType} = error as pg.DatabaseError
  if (column) return new Set([column])
  const columns = dataType
    ? table.columns.filter(({type}) => type.name === dataType).map(({name}) => name)
    : table.constraints.get(constraint ?? '')
  return columns && columns.length > 0 ? new Set(columns) : undefined
}

export const shuffled = <T>(from: readonly T[]): T[] => {
  const all = [...from]
  for (let last = all.length - 1; last > 0; last--) {
    const other = randomInt(last + 1)
    ;[all[last], all[other]] = [all[other]!, all[last]!]
  }
  return all
}
