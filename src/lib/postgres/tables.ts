import type {Question} from './answers.js'
import {identifier, notOfExtension, USER_SCHEMA} from './catalog.js'
import type {Queryable} from '../ports/ports.js'

/** `"schema"."table"`, as SQL needs it. */
export type TableName = string

/** What to read of the customer's tables, as SQL on `pg_class c` and `pg_namespace n`. */
export interface TableQuery {
  /** Select list, each with the name that it has in the result. */
  columns: string
  /** Tables joined to `c`. */
  join?: string
  /** Which of the tables, partitioned tables and partitions; all where it is left out. */
  where?: string
  /** By name where it is left out. */
  orderBy?: string
  /** Common table expressions before it, with their `with`. */
  before?: string
  values?: readonly unknown[]
}

const listing = ({columns, join = '', where = 'true', orderBy = 'n.nspname, c.relname', before = ''}: TableQuery) => `
     ${before}
     select n.nspname, c.relname${columns ? `, ${columns}` : ''}
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     ${join}
     where c.relkind in ('r', 'p')
       and ${USER_SCHEMA}
       and ${notOfExtension('pg_class', 'c.oid')}
       and (${where})
     order by ${orderBy}`

/** A table as the catalog names it. */
export type Listed<Columns = object> = Columns & {nspname: string; relname: string}

export const named = <Columns>({nspname, relname, ...rest}: Listed<Columns>): Columns & {name: TableName} => ({
  ...(rest as unknown as Columns),
  name: identifier(nspname, relname),
})

/** The customer's tables, partitioned tables and partitions: not those of extensions, of Heroku or of this tool. */
export const listTables = async <Columns>(db: Queryable, query: TableQuery): Promise<(Columns & {name: TableName})[]> =>
  (await db.query<Listed<Columns>>(listing(query), query.values)).map(named)

/** The same as a question beside others, without values; `named` makes names of the answer. */
export const askTables = <Columns = object>(query: Omit<TableQuery, 'values'>): Question<Listed<Columns>[]> => ({
  query: `select coalesce(json_agg(listed), '[]') from (${listing(query)}) listed`,
})

export const namesOf = (tables: readonly Listed[]): TableName[] => tables.map((table) => named(table).name)
