import {OWN_SCHEMA} from './catalog.js'
import {codeOf, IN_WORDS, isInternalError, RAISE_EXCEPTION, SPEAKS_OF_OBJECTS, SYNTAX_ERROR} from './sqlstate.js'

/** What Postgres tells of an error beside its message: https://www.postgresql.org/docs/current/protocol-error-fields.html */
export interface Fields {
  schema?: string | undefined
  table?: string | undefined
  column?: string | undefined
  dataType?: string | undefined
  constraint?: string | undefined
  where?: string | undefined
}

/** An error as the driver builds it of the server's fields. */
interface ServerError extends Error, Fields {
  detail?: string | undefined
  hint?: string | undefined
  internalQuery?: string | undefined
  position?: string | undefined
  /** Of the server's source code. */
  file?: string | undefined
}

/**
 * Takes the contents of rows out of an error of a server, in place, before anybody has seen it; every connection of the tool does this
 * (`adapters/client.ts`), so that journal, evidence, JSON and screen get no other text. What is left:
 *
 * - SQLSTATE, and the fields that name schema, table, column, type and constraint;
 * - of the context (WHERE), functions with their lines and the place in a COPY, each rebuilt from what it is known to look like;
 * - the message, where its SQLSTATE is of a class that speaks of objects, locks, rights, connections or the server. Any other message
 *   – bad and forbidden values (classes 22, 23), RAISE (P0) and whatever class is not known – quotes values as it pleases: fixed words
 *   stand for it. So do they where a function of the app's has raised the error, whatever its SQLSTATE, or has executed SQL that it put
 *   together, and where a syntax error is not one of the statement itself. The fields of what the app raises hold what it likes: they go too.
 *
 * DETAIL, HINT and the text of queries go. The log of the server keeps all of it.
 */
export function keepRowsOut(error: ServerError): void {
  const raised = isOfTheApp(error)
  error.message = raised || !isPlain(error) ? inWords(codeOf(error), raised) : withoutQuotes(error)
  error.where = safeContext(error.where)
  const forgotten: (keyof ServerError)[] = ['detail', 'hint', 'internalQuery']
  const names: (keyof ServerError)[] = ['schema', 'table', 'column', 'dataType', 'constraint']
  for (const field of raised ? [...forgotten, ...names] : forgotten) delete error[field]
  Error.captureStackTrace(error, keepRowsOut)
}

/** `PL/pgSQL function f(text) line 1 at RETURN`, `SQL function "f" during inlining`: the first is the innermost. */
export const functionsIn = (where: string): string[] =>
  where.split('\n').filter((line) => IS_FUNCTION.test(line) && !INLINE.test(line))

/** `row 3 of items, column n`; undefined where a COPY was not what failed. */
export function copyPlaceIn(where: string): string | undefined {
  const place = COPY.exec(where)
  return place ? `row ${place[2]} of ${place[1]}${place[3] ? `, column ${place[3]}` : ''}` : undefined
}

const COPY = /^COPY (.+?), line (\d+)(?:, column ([^:\n]+?))?(?::|,|$)/m
const QUOTED = '"(?:[^"]|"")+"(?!")'
const NAME = `(?:${QUOTED}|[\\p{L}\\p{N}_$]+)`
const IS_FUNCTION = RegExp(
  `^(PL/\\w+|SQL) function ${NAME}(?:\\.${NAME})*(?:\\((?:${QUOTED}|[^"()])*\\))?` +
    `(?: line \\d+)?(?: (?:at|during|while) [A-Za-z' ]+| statement \\d+)?$`,
  'u',
)
const INLINE = /^PL\/\w+ function inline_code_block/
const PUT_TOGETHER = / at (EXECUTE|FOR over EXECUTE statement)$/

function safeContext(where = ''): string {
  const copy = COPY.exec(where)
  const place = copy ? [`COPY ${copy[1]}, line ${copy[2]}${copy[3] ? `, column ${copy[3]}` : ''}`] : []
  return [...where.split('\n').filter((line) => IS_FUNCTION.test(line)), ...place].join('\n')
}

/** Raised, not met, by a function in a procedural language; those of this plugin say nothing of rows. */
function isOfTheApp({file = '', where = ''}: ServerError): boolean {
  const [innermost = '', ...outer] = where.split('\n').filter((line) => IS_FUNCTION.test(line))
  const isOurs =
    innermost.startsWith(`PL/pgSQL function ${OWN_SCHEMA}.`) || (outer.length === 0 && INLINE.test(innermost))
  return /^pl/.test(file) && !isOurs
}

function isPlain(error: ServerError): boolean {
  const code = codeOf(error)
  if (code === SYNTAX_ERROR && error.position === undefined) return false
  return SPEAKS_OF_OBJECTS.test(code) && !PUT_TOGETHER.test(functionsIn(error.where ?? '')[0] ?? '')
}

/** An internal error can come from an extension, which quotes what it was given. */
const withoutQuotes = (error: ServerError): string =>
  isInternalError(codeOf(error)) ? error.message.replaceAll(/"[^"]*"|'[^']*'/g, '…') : error.message

const inWords = (code: string, raised: boolean): string =>
  (raised ? IN_WORDS[RAISE_EXCEPTION] : IN_WORDS[code]) ?? 'an error whose words are in the log of the server'
