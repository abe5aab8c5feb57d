import {failed} from '../ports/errors.js'
import type {Queryable} from '../ports/ports.js'
import {listTables} from '../postgres/tables.js'
import {unpublished} from './publication.js'

/** Every table with its columns, by its quoted name. */
export type PublishedShape = Readonly<Record<string, string>>

/**
 * Replication carries rows only: a table's definition must stay as it was when it was copied. A recreated table is another one, and so is a
 * column whose catalog row was rewritten: its values may have been computed again, which replication does not send.
 */
export async function publishedShape(source: Queryable): Promise<PublishedShape> {
  const rows = await listTables<{lines: string}>(source, {
    columns: `
      concat('(', (
        select string_agg(
          concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), nullif(a.attgenerated, ''),
            '~' || a.xmin), ', ' order by a.attnum)
        from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), ') ', c.oid) as lines`,
    where: `c.relpersistence = 'p'`,
  })
  return Object.fromEntries(rows.map(({name, lines}) => [name, lines]))
}

/** Refuses to go on over a change of the schema, or a table that is no longer published: what is written to it would be missing. */
export async function assertShape(source: Queryable, before: PublishedShape): Promise<void> {
  const now = await publishedShape(source)
  const changes = [
    ...Object.keys(before).flatMap((table) => (table in now ? [] : [`- ${table}`])),
    ...Object.keys(now).flatMap((table) => (table in before ? [] : [`+ ${table}`])),
    ...Object.entries(now).flatMap(([table, columns]) =>
      table in before ? differenceOf(table, before[table]!, columns) : [],
    ),
  ]
  const silent = changes.length === 0 ? await unpublished(source) : []
  if (changes.length === 0 && silent.length === 0) return
  throw failed(
    'schema_changed',
    changes.length > 0
      ? `the schema of the source has changed since replication began: ${changes.join(', ')}`
      : `the source no longer publishes ${silent.join(', ')}`,
    'give this migration up with heroku rds:start --abandon and start again',
  )
}

function differenceOf(table: string, before: string, now: string): string[] {
  if (before === now) return []
  const [went, came] = [before, now].map((columns) => `${table} ${plain(columns)}`)
  return went === came ? [`~ ${came}`] : [`- ${went}`, `+ ${came}`]
}

/** Without OID and versions, which mean nothing to a reader. */
const plain = (columns: string): string => columns.replaceAll(/ (~\d+|\d+$)/g, '')

export interface Replicated {
  /** The source's own clock when all of it was published, as it prints it; a copy that starts over has another. */
  at: string
  shape: PublishedShape
  /** Where the slot begins: the LSN of the copied rows; left out until the slot is made. */
  start?: string
}

declare module '../journal/notes.js' {
  interface Notes {
    replicated: Replicated
  }
}
