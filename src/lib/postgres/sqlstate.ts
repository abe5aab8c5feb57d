/* The errors of Postgres that mean something to this tool: https://www.postgresql.org/docs/current/errcodes-appendix.html */

export const CONNECTION_FAILURE = '08006'
export const CHARACTER_NOT_IN_REPERTOIRE = '22021'
export const INVALID_PARAMETER_VALUE = '22023'
export const FOREIGN_KEY_VIOLATION = '23503'
export const UNIQUE_VIOLATION = '23505'
export const EXCLUSION_VIOLATION = '23P01'
export const ACTIVE_SQL_TRANSACTION = '25001'
export const INVALID_AUTHORIZATION = '28000'
export const INVALID_PASSWORD = '28P01'
export const INVALID_CATALOG_NAME = '3D000'
export const INVALID_SCHEMA_NAME = '3F000'
export const SERIALIZATION_FAILURE = '40001'
export const DEADLOCK_DETECTED = '40P01'
export const INSUFFICIENT_PRIVILEGE = '42501'
export const DUPLICATE_SCHEMA = '42P06'
export const DUPLICATE_TABLE = '42P07'
export const INVALID_TABLE_DEFINITION = '42P16'
export const SYNTAX_ERROR = '42601'
export const UNDEFINED_COLUMN = '42703'
export const UNDEFINED_OBJECT = '42704'
export const UNDEFINED_FUNCTION = '42883'
export const UNDEFINED_TABLE = '42P01'
export const DUPLICATE_OBJECT = '42710'
export const DUPLICATE_FUNCTION = '42723'
export const WRONG_OBJECT_TYPE = '42809'
export const DISK_FULL = '53100'
export const OUT_OF_MEMORY = '53200'
export const TOO_MANY_CONNECTIONS = '53300'
export const OBJECT_NOT_IN_PREREQUISITE_STATE = '55000'
export const OBJECT_IN_USE = '55006'
export const CANNOT_CHANGE_RUNTIME_PARAM = '55P02'
export const LOCK_NOT_AVAILABLE = '55P03'
export const QUERY_CANCELED = '57014'
export const CANNOT_CONNECT_NOW = '57P03'
/** A function of the customer's raised it without a code of its own. */
export const RAISE_EXCEPTION = 'P0001'
/** Ours: another operator has taken over. */
export const TAKEN_OVER = 'HR001'
/** Ours: the target does not hold what it must have got. */
export const TARGET_DIVERGED = 'HR002'
/** Ours: ends a subtransaction whose work is done, and with it the locks that it holds. */
export const LET_GO = 'HR003'

/** Class 42: a statement names what is not there, or not like that. */
export const isSchemaError = (code: string): boolean => /^42[0-9A-Z]{3}$/.test(code)

/** Class 54: a table, a value or a statement is larger than Postgres can have it. */
export const isProgramLimit = (code: string): boolean => code.startsWith('54')

/** Class XX: Postgres or an extension met what it did not expect. */
export const isInternalError = (code: string): boolean => code.startsWith('XX')

/** Classes whose messages name objects, settings, roles, locks or the server, and no value of a row; HR is ours. */
export const SPEAKS_OF_OBJECTS = /^(0[89ABLPZ]|2[1568BDF]|3[4BDF]|4[024]|5[3-8]|XX|HR)/

/** What errors mean whose own messages quote values. */
export const IN_WORDS: Readonly<Record<string, string>> = {
  '22001': 'a value is too long for its type',
  '22003': 'a number is out of range',
  '22004': 'null is not allowed here',
  '22007': 'invalid date or time',
  '22008': 'a date or time is out of range',
  '22009': 'invalid time zone',
  '22012': 'division by zero',
  '22021': 'bytes that are no text in their encoding',
  '22022': 'an indicator overflows',
  '22023': 'invalid value of a parameter',
  '22025': 'invalid escape sequence',
  '22026': 'a string has the wrong length',
  '2200M': 'invalid XML document',
  '2200N': 'invalid XML content',
  '2201B': 'invalid regular expression',
  '2201E': 'invalid argument of a logarithm',
  '2201F': 'invalid argument of a power',
  '22030': 'a key occurs twice in a JSON object',
  '22032': 'invalid JSON text',
  '22P01': 'a floating-point number is out of range',
  '22P02': 'invalid input for a type',
  '22P03': 'invalid binary input for a type',
  '22P04': 'rows that COPY cannot read',
  '22P05': 'a character that the encoding of the database does not have',
  '23000': 'a constraint is violated',
  '23001': 'a row is still referred to',
  '23502': 'null where a value must be',
  '23503': 'a foreign key is violated',
  '23505': 'duplicate key',
  '23514': 'a check constraint is violated',
  '23P01': 'an exclusion constraint is violated',
  '42601': 'a syntax error',
  P0001: 'an exception was raised, whose words are in the log of the server',
  P0002: 'no row was found',
  P0003: 'more than one row was found',
  P0004: 'an assertion failed',
}

/** SQLSTATE, code of the operating system or code of our own that anything thrown bears; empty where it bears none. */
export function codeOf(error: unknown): string {
  const code = (error as {code?: unknown} | null | undefined)?.code
  return typeof code === 'string' ? code : ''
}
