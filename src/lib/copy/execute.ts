import {batchesOf} from '../flow/batches.js'
import type {Queryable} from '../ports/ports.js'
import {type Guard, literal} from '../postgres/catalog.js'
import {isLostConnection} from '../postgres/lost-connection.js'
import {refusalOf} from '../postgres/refusal.js'
import {isLockConflict} from '../postgres/table-lock.js'
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
  QUERY_CANCELED,
  TAKEN_OVER,
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

/** Statements of one message: the server keeps their locks until the last has ended, and has room for 64 locks of each of its connections. */
const IN_ONE_MESSAGE = 500

export interface Together {
  /** Answers that are passed over. */
  allowed?: ReadonlySet<string>
  /** Goes first in every message. */
  guard?: Guard
  /** The session is in a transaction, which goes on. */
  inTransaction?: true
  signal?: AbortSignal
}

/**
 * Executes statements in their order, many in one message, which takes effect whole or not at all. A message that is refused is sent
 * again in halves, down to the statement that the error is to name.
 */
export async function executeAll(
  session: Queryable,
  statements: readonly Statement[],
  how: Together = {},
): Promise<void> {
  for (const some of batchesOf(statements, IN_ONE_MESSAGE)) {
    how.signal?.throwIfAborted()
    await executeSome(session, some, how)
  }
}

async function executeSome(session: Queryable, statements: readonly Statement[], how: Together): Promise<void> {
  const {allowed, guard, inTransaction} = how
  const message = (parts: readonly string[]) => [...(guard ? [guard] : []), ...parts].join(';\n')
  const passed = message(statements.map(allowed ? passingOver(allowed) : ({sql}) => sql))
  const [first] = statements
  if (statements.length === 1 && first) {
    const {words, sql} = first
    await execute(session, {words, sql: inTransaction ? passed : message([sql])}, inTransaction ? undefined : allowed)
    return
  }
  try {
    await session.query(inTransaction ? `savepoint statements; ${passed};\nrelease savepoint statements` : passed)
  } catch (error) {
    if (isLostConnection(error) || isLockConflict(error) || NOT_OF_A_STATEMENT.has(codeOf(error))) throw error
    if (inTransaction) await session.query('rollback to savepoint statements; release savepoint statements')
    const middle = Math.ceil(statements.length / 2)
    await executeSome(session, statements.slice(0, middle), how)
    await executeSome(session, statements.slice(middle), how)
  }
}

const NOT_OF_A_STATEMENT: ReadonlySet<string> = new Set([QUERY_CANCELED, TAKEN_OVER])

/** SQL that executes a statement of which some answers are no error. */
const passingOver =
  (answers: ReadonlySet<string>) =>
  ({sql}: Statement): string =>
    `do ${literal(`begin
      execute ${literal(sql)};
    exception when ${[...answers].map((code) => `sqlstate '${code}'`).join(' or ')} then null;
    end`)}`
