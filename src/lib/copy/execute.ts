import type {Queryable} from '../ports/ports.js'
import {isLostConnection} from '../postgres/lost-connection.js'
import {refusalOf} from '../postgres/refusal.js'
import type {Statement} from './sql-lexer.js'
import {
  codeOf,
  DUPLICATE_FUNCTION,
  DUPLICATE_OBJECT,
  DUPLICATE_SCHEMA,
  DUPLICATE_TABLE,
  FOREIGN_KEY_VIOLATION,
  INVALID_TABLE_DEFINITION,
  OBJECT_NOT_IN_PREREQUISITE_STATE,
} from '../postgres/sqlstate.js'

/** What a statement of the schema answers when an earlier, killed run has executed it. */
export const ALREADY_THERE: ReadonlySet<string> = new Set([
  DUPLICATE_SCHEMA,
  DUPLICATE_TABLE,
  DUPLICATE_OBJECT,
  DUPLICATE_FUNCTION,
  INVALID_TABLE_DEFINITION, // a second primary key
  OBJECT_NOT_IN_PREREQUISITE_STATE, // the index is a constraint's already
])

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
    const code = codeOf(error)
    if (allowed.has(code)) return false
    // The rows that violate a foreign key are named by the caller, who knows the key.
    if (isLostConnection(error) || code === FOREIGN_KEY_VIOLATION) throw error
    throw refusalOf(error, `the target refused part of the schema, ${words.join(' ')}`)
  }
}
