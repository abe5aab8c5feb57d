import {identifier} from '../../postgres/catalog.js'
import {codeOf, INSUFFICIENT_PRIVILEGE, QUERY_CANCELED} from '../../postgres/sqlstate.js'
import {searching, type SearchPath} from '../../postgres/app-search-path.js'
import {isLostConnection} from '../../postgres/lost-connection.js'
import {messageOf} from '../../ports/errors.js'
import type {Database, Queryable, Session} from '../../ports/ports.js'
import type {Build} from './builds.js'

/** Rows of the table that are evaluated. */
const ROWS = 20
const LONGEST = '3s'

/** What Postgres 17 sets while it builds. */
export const PINNED_PATH = 'pg_catalog, pg_temp'

/**
 * Evaluates what an index or statistics object is made of over a few rows, under the search_path of the database and under the
 * pinned one, and tells how that differs: this finds what no reading finds, as operators of a type. Undefined where it does not, or where
 * it cannot be evaluated under either.
 */
export async function triedUnder(source: Database, path: SearchPath, build: Build): Promise<string | undefined> {
  const made = await expressionsOf(source, build)
  if (!made) return undefined
  let usual: string | undefined
  try {
    return await source.transaction(
      async (session) => {
        await session.query(`set local synchronize_seqscans = off; set local statement_timeout = '${LONGEST}'`)
        usual = await evaluated(session, path, made)
        return usual === (await evaluated(session, PINNED_PATH, made)) ? undefined : 'it has another value then'
      },
      {mode: 'isolation level repeatable read', discard: true},
    )
  } catch (error) {
    if (isLostConnection(error)) throw error
    return usual === undefined || NO_ANSWER.has(codeOf(error)) ? undefined : messageOf(error)
  }
}

const NO_ANSWER = new Set([QUERY_CANCELED, INSUFFICIENT_PRIVILEGE])

interface Made {
  schema: string
  table: string
  expressions: string[] | null
  predicate: string | null
}

async function expressionsOf(source: Queryable, {kind, oid}: Build): Promise<Made | undefined> {
  const queries: Partial<Record<Build['kind'], string>> = {
    index: `
      select n.nspname as schema, c.relname as table, pg_get_expr(i.indpred, i.indrelid) as predicate,
        (select json_agg(pg_get_indexdef(i.indexrelid, nth::int, false))
         from unnest(i.indkey::int2[]) with ordinality k (attribute, nth)
         where attribute = 0) as expressions
      from pg_index i
      join pg_class c on c.oid = i.indrelid
      join pg_namespace n on n.oid = c.relnamespace
      where i.indexrelid = $1::oid`,
    statistics: `
      select n.nspname as schema, c.relname as table, null as predicate,
        array_to_json(pg_get_statisticsobjdef_expressions(s.oid)) as expressions
      from pg_statistic_ext s
      join pg_class c on c.oid = s.stxrelid
      join pg_namespace n on n.oid = c.relnamespace
      where s.oid = $1::oid`,
  }
  const sql = queries[kind]
  return sql === undefined ? undefined : (await source.query<Made>(sql, [oid]))[0]
}

/** A digest of what the expressions yield, as text, for rows that meet the predicate. */
async function evaluated(
  session: Session,
  path: SearchPath,
  {schema, table, expressions, predicate}: Made,
): Promise<string> {
  await session.query(searching(path))
  const value = `row(${(expressions ?? ['1']).join(', ')})`
  const {digest} = await session.queryOne<{digest: string}>(`
    select md5(coalesce(string_agg(value, ','), '')) as digest
    from (
      select case when ${predicate ?? 'true'} then ${value}::text else 'no' end as value
      from (select * from only ${identifier(schema, table)} limit ${ROWS}) ${identifier(table)}) tried`)
  return digest
}
