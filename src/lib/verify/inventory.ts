import {allEnded} from '../flow/all-ended.js'
import type {Database, Queryable} from '../ports/ports.js'
import {everyAnswer, type Question} from '../postgres/answers.js'
import {ALL_QUOTED} from '../postgres/catalog.js'
import {CODE} from './inventory-code.js'
import {COMMENTS} from './inventory-comments.js'
import {RELATIONS} from './inventory-relations.js'

/** With which part of a copy that follows an object is there: what acts on rows is taken off again until the window. */
export type Comes = 'in the window' | 'with large objects' | 'with the rows' | 'with the schema'

/** An object of the customer's. */
export interface Item {
  comes: Comes
  /** What it is, with all that every major words alike. */
  line: string
  /** Its definition, which another major words otherwise; null where the line tells all. */
  wording: string | null
}

export interface Inventory {
  /** Of the server that worded it. */
  major: number
  items: readonly Item[]
}

/**
 * Every object of the customer's that a copy must have; without quotes, of which majors need more or fewer, and without the schema that some
 * name with a type of Postgres' own and others do not. To be asked with `ALL_QUOTED` first.
 */
export const INVENTORY: Question<Inventory> = {
  query: `
    select json_build_object(
      'major', current_setting('server_version_num')::int / 10000,
      'items', coalesce(
        json_agg(json_build_object('comes', comes, 'line', line, 'wording', wording) order by line), '[]'))
    from (
      select item.comes,
        replace(replace(item.line, '"', ''), 'pg_catalog.', '') as line,
        item.wording
      from (${RELATIONS}
      union all ${CODE}
      union all ${COMMENTS}) item) items`,
}

/** The same, asked. */
export const inventory = async (db: Queryable): Promise<Inventory> =>
  (await everyAnswer<{inventory: Inventory}>(db, {inventory: INVENTORY}, ALL_QUOTED)).inventory

/** What one side has and the other lacks, or has otherwise, in words; `but`: what the `to` side may still lack. */
export async function inventoryDifferences(
  {from, to}: {from: Database; to: Database},
  but: readonly Comes[] = [],
): Promise<string[]> {
  const [here, there] = await allEnded([inventory(from), inventory(to)])
  return itemsThatDiffer({side: from.side, ...here}, {side: to.side, ...there}, but)
}

type Sided = Inventory & {side: Database['side']}

/** The same of inventories that are read. Definitions are compared where both servers are of one major. */
export function itemsThatDiffer(from: Sided, to: Sided, but: readonly Comes[] = []): string[] {
  const partnerOf = partners(from.items, to.items)
  const worded = from.major === to.major
  const found: string[] = []
  for (const item of from.items) {
    const partner = partnerOf.get(item)
    if (!partner) {
      if (!but.includes(item.comes)) found.push(`only on the ${from.side}: ${item.line}`)
    } else if (worded && !alike(item.wording ?? '', partner.wording ?? ''))
      found.push(`defined otherwise on the ${to.side}: ${item.line}`)
  }
  const paired = new Set(partnerOf.values())
  return [...found, ...to.items.filter((item) => !paired.has(item)).map(({line}) => `only on the ${to.side}: ${line}`)]
}

/** To each item that of the other side: the one with the same line, or else one whose line is alike. */
function partners(here: readonly Item[], there: readonly Item[]): ReadonlyMap<Item, Item> {
  const byLine = new Map(there.map((item) => [item.line, item]))
  const found = new Map<Item, Item>()
  for (const item of here) {
    const same = byLine.get(item.line)
    if (same) found.set(item, same)
  }
  const paired = new Set(found.values())
  const rest = new Map(there.filter((item) => !paired.has(item)).map((item) => [plain(item.line), item]))
  for (const item of here) {
    const other = found.has(item) ? undefined : rest.get(plain(item.line))
    if (other) found.set(item, other)
  }
  return found
}

const alike = (one: string, other: string): boolean => one === other || plain(one) === plain(other)

const NAME = String.raw`(?:"(?:[^"]|"")*"|[\w$]+)`
const CAST = new RegExp(
  String.raw`::${NAME}(?:\.${NAME})*(?: varying| precision)?(?:\([\d,]+\))?(?: with(?:out)? time zone)?(?:\[\])*`,
  'g',
)

/**
 * Without casts, parentheses and spaces, which a definition that was dumped and restored has in other places: of `v in ('a', 'b')` on a
 * varchar column a server first makes `(array['a'::varchar, 'b'::varchar])::text[]`, and of that `array['a'::varchar::text, …]`.
 */
const plain = (definition: string): string => definition.replaceAll(CAST, '').replaceAll(/[\s()]+/g, '')
