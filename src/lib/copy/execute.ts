import {failed, messageOf} from '../ports/errors.js'
import type {Queryable} from '../ports/ports.js'
import {isLostConnection} from '../postgres/lost-connection.js'
import type {Statement} from './sql-lexer.js'

/**
 * What a statement of the schema answers when an earlier, killed run has executed it: duplicate_table, duplicate_object,
 * invalid_table_definition (a second primary key), duplicate_function, duplicate_schema, and – for an index that already
 * is a constraint's – object_not_in_prerequisite_state.
 */
export const ALREADY_THERE: ReadonlySet<string> = new Set(['42P07', '42710', '42P16', '42723', '42P06', '55000'])

/** Its rows are worth naming, by whoever knows the key. */
export const FOREIGN_KEY_VIOLATION = '23503'

/** False when the answer was one of those allowed. Bodies and passwords of a statement stay out of the error: its first words say which it was. */
export async function execute(
  session: Queryable,
  {sql, words}: Statement,
  allowed: ReadonlySet<string> = new Set(),
): Promise<boolean> {
  try {
    await session.query(sql)
    return true
  } catch (error) {
    const code = String((error as {code?: unknown}).code)
    if (allowed.has(code)) return false
    if (isLostConnection(error) || code === FOREIGN_KEY_VIOLATION) throw error
    throw failed(
      'schema_refused',
      `the target refused part of the schema (${code}): ${messageOf(error)} – in: ${words.join(' ')}`,
      'heroku rds:assess names what cannot travel',
    )
  }
}
