import {identifier, notOfExtension, USER_SCHEMA} from './catalog.js'
import type {Queryable} from '../ports/ports.js'

/** A table, partitioned table or partition of the customer's. */
export interface Table {
  oid: string
  schema: string
  name: string
  /** Quoted, with schema. */
  identifier: string
  /** Whether the role we are may create triggers that fire always. */
  owned: boolean
}

/** Everything a row can be written to: a statement fires only the triggers of the table it names, so partitions count too. */
export async function writableTables(db: Queryable): Promise<Table[]> {
  const rows = await db.query<Omit<Table, 'identifier'>>(`
    select c.oid::text as oid, n.nspname as schema, c.relname as name, pg_has_role(c.relowner, 'USAGE') as owned
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and ${USER_SCHEMA} and ${notOfExtension('pg_class', 'c.oid')}
    order by n.nspname, c.relname`)
  return rows.map((row) => ({...row, identifier: identifier(row.schema, row.name)}))
}
