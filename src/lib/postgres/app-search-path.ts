import type {Queryable} from '../ports/ports.js'

/*
 * Generated columns, checks, domains, index expressions and materialized views of the app's call the app's functions, whose bodies may
 * name things without a schema. Its rows are read and written, and indexes built, where these names mean what they mean to the app: the
 * planner looks into such a function for any statement on a table that has it in an index.
 */

/** As SQL writes a list of schemas; what pg_catalog holds always comes first. */
export type SearchPath = string

const known = new WeakMap<Queryable, Promise<SearchPath>>()

/**
 * Where the app's sessions on the source look for names. `"$user"` is the schema that it stands for there: the role of the target has
 * another name. Asked once for each database that was opened.
 */
export function appSearchPath(source: Queryable): Promise<SearchPath> {
  const path = known.get(source) ?? readSearchPath(source)
  known.set(source, path)
  path.catch(() => known.delete(source))
  return path
}

async function readSearchPath(source: Queryable): Promise<SearchPath> {
  const {path} = await source.queryOne<{path: SearchPath | null}>(`
    ${AS_THE_APP};
    select string_agg(quote_ident(name), ', ' order by nth) as path
    from unnest(current_schemas(false)) with ordinality s (name, nth)
    where name <> 'pg_catalog'`)
  return path ?? "''"
}

/** SQL that lets the transaction see names as a session does that has pinned nothing. */
const AS_THE_APP = `select set_config('search_path', reset_val, true)
    from pg_catalog.pg_settings
    where name = 'search_path'`

/** SQL that lets the transaction see names as the app does. */
export const searching = (path: SearchPath): string => `set local search_path = ${path}`
