import type {Queryable} from '../ports/ports.js'

/** Tells databases apart independently of their URLs: the server's system identifier, where the role can read it, and the database. */
export async function identityOf(db: Queryable): Promise<string> {
  const row = await db.queryOne<{identity: string}>(`
    select coalesce(case when has_function_privilege('pg_control_system()', 'execute')
        then (select system_identifier::text from pg_control_system()) end, 'hidden')
      || '/' || (select oid from pg_database where datname = current_database())
      || '/' || current_database() as identity`)
  return row.identity
}
