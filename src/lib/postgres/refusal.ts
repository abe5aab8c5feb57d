import {EXIT, messageOf, RdsError} from '../ports/errors.js'
import {copyPlaceIn, type Fields, functionsIn} from './error-text.js'
import {
  CHARACTER_NOT_IN_REPERTOIRE,
  codeOf,
  INSUFFICIENT_PRIVILEGE,
  INVALID_SCHEMA_NAME,
  isProgramLimit,
  UNDEFINED_COLUMN,
  UNDEFINED_FUNCTION,
  UNDEFINED_OBJECT,
  UNDEFINED_TABLE,
} from './sqlstate.js'

/** Classes of errors that lie in the data, the schema or the app's functions, not in the state of the server. */
const IN_THE_DATA = /^(0A|21|22|23|26|2B|2F|38|39|3F|42|44|54|P0|XX)/

/**
 * An error that comes from rows, schema or the app's own functions, in a sentence that says what was being done, where, and what helps; any
 * other error as it is. The message is what `keepRowsOut` has left of it: no value of a row. `remedies`: what helps here, where more is known than the error tells.
 */
export function refusalOf(error: unknown, doing: string, remedies: readonly string[] = []): unknown {
  const code = codeOf(error)
  if (error instanceof RdsError || !/^[0-9A-Z]{5}$/.test(code) || !IN_THE_DATA.test(code)) return error
  const place = placeOf(error as Fields)
  return new RdsError(
    EXIT.failed,
    'refused_by_database',
    `${doing}: ${messageOf(error)}${place.length > 0 ? ` – in ${place.join(', ')}` : ''}`,
    remedies.length > 0 ? remedies : remediesFor(code, error as Fields),
    error,
  )
}

/** Where it happened: the row of a COPY by its number, functions by their names. */
export function placeOf({schema, table, constraint, where = ''}: Fields): string[] {
  const copy = copyPlaceIn(where)
  return [
    ...(table ? [`table ${schema ? `${schema}.` : ''}${table}`] : []),
    ...(constraint ? [`constraint ${constraint}`] : []),
    ...(copy ? [copy] : []),
    ...functionsIn(where),
  ]
}

const UNDEFINED = new Set([
  INVALID_SCHEMA_NAME,
  UNDEFINED_COLUMN,
  UNDEFINED_OBJECT,
  UNDEFINED_FUNCTION,
  UNDEFINED_TABLE,
])

function remediesFor(code: string, {where = ''}: Fields): string[] {
  if (UNDEFINED.has(code) && functionsIn(where).length > 0)
    return ['give the function its own search path on the source: alter function … set search_path = …']
  if (code === INSUFFICIENT_PRIVILEGE)
    return ['give the role of the URL this right, or take row level security off the table']
  if (code === CHARACTER_NOT_IN_REPERTOIRE)
    return ['correct the bytes of this value on the source: they are no text in its encoding']
  if (isProgramLimit(code))
    return ['the table or value is larger than Postgres can take there: make it smaller on the source']
  return ['correct it on the source, and run the same command again', 'heroku rds:assess names what cannot be copied']
}

/** The same, thrown; for work that is awaited. */
export const refusing =
  (doing: string, ...remedies: string[]) =>
  (error: unknown): never => {
    throw refusalOf(error, doing, remedies)
  }
