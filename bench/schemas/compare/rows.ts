import pg from 'pg'

import {connect} from '../../stage.js'
import {memberless, MINE} from './scope.js'

const {escapeIdentifier: id} = pg

/** How rows are worded, whatever the database says. */
const WORDING = [
  `set search_path = pg_catalog`,
  `set quote_all_identifiers = on`,
  `set datestyle = 'ISO, MDY'`,
  `set intervalstyle = postgres`,
  `set timezone = 'UTC'`,
  `set bytea_output = hex`,
  `set extra_float_digits = 1`,
  `set xmlbinary = base64`,
  `set row_security = off`,
].join(';')

/** SQL: a partition of one that divides by hash. Which of them has a row can depend on OIDs, which are others on each server. */
const BY_HASH = `exists (
        select from pg_partition_ancestors(c.oid) above
        join pg_partitioned_table p on p.partrelid = above.relid
        where p.partstrat = 'h' and above.relid <> c.oid)`

/** Number and digest of the rows of each table, the values of sequences, and the large objects. A materialized view can be fresher on the
 * target. */
export async function rowsOf(superuserUrl: string): Promise<ReadonlyMap<string, string>> {
  const client = await connect(superuserUrl)
  try {
    await client.query(WORDING)
    const {rows: tables} = await client.query<{name: string; only: string; columns: string[]}>(`
      select c.oid::regclass::text as name,
        case when c.relkind = 'r' then 'only ' else '' end as only,
        array(
          select a.attname::text
          from pg_attribute a
          where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated <> 'v'
          order by a.attname collate "C") as columns
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      where (c.relkind = 'r' or c.relkind = 'p' and not c.relispartition) and not ${BY_HASH}
        and ${MINE} and ${memberless('pg_class', 'c.oid')}`)
    const all = new Map<string, string>()
    for (const {name, only, columns} of tables)
      all.set(
        `rows of ${name}`,
        await digest(
          client,
          `select md5(array[${columns.map((column) => `${id(column)}::text`).join()}]::text[]::text) as row from ${only}${name}`,
        ),
      )
    const {rows: sequences} = await client.query<{name: string; value: string | null}>(`
      select c.oid::regclass::text as name, pg_sequence_last_value(c.oid)::text as value
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'S' and ${MINE} and ${memberless('pg_class', 'c.oid')}`)
    for (const {name, value} of sequences) all.set(`value of ${name}`, value ?? 'none')
    const objects = `select oid || md5(lo_get(oid)) as row from pg_largeobject_metadata`
    return all.set('large objects', await digest(client, objects))
  } finally {
    await client.end()
  }
}

async function digest(client: pg.Client, rows: string): Promise<string> {
  const {rows: found} = await client.query<{digest: string}>(
    `select count(*) || ' rows, ' || coalesce(md5(string_agg(row, ' ' order by row collate "C")), '') as digest
     from (${rows}) each`,
  )
  return found[0]!.digest
}
