import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {inspect} from 'node:util'

import {expect} from 'chai'
import pg from 'pg'

import {messageOf, RdsError} from '../../src/lib/ports/errors.js'
import {functionsIn, keepRowsOut} from '../../src/lib/postgres/error-text.js'
import {refusalOf} from '../../src/lib/postgres/refusal.js'
import {expectReadable} from '../support/readable.js'

const MARKER = 'ann@example.com'

/** As the driver makes it. */
function errorOf(code: string, message: string, fields: object = {}) {
  const error = Object.assign(new pg.DatabaseError(message, 100, 'error'), {code, where: '', ...fields})
  keepRowsOut(error)
  return error
}

/** Every word that anybody can get of it: printed, inspected, as JSON, with all it rests on. */
function wordsOf(error: unknown): string {
  const own = inspect(error, {depth: 9, showHidden: true})
  const json = JSON.stringify(error, Object.getOwnPropertyNames(error))
  const {suggestions = [], cause} = error as Partial<RdsError>
  return [messageOf(error), own, json, ...suggestions, ...(cause ? [wordsOf(cause)] : [])].join('\n')
}

const COPYING = `COPY people, line 3, column mail: "${MARKER}"`
const AT_RAISE = 'PL/pgSQL function public.greet(text,"My Type") line 3 at RAISE'

/** Of the classes that quote values; with what must be left of it. */
const REFUSED: [code: string, message: string, fields: object, left: RegExp][] = [
  ['22P02', `invalid input syntax for type integer: "${MARKER}"`, {where: COPYING}, /row 3 of people, column mail/],
  ['22003', `value "${MARKER}" is out of range for type integer`, {where: COPYING}, /out of range.*row 3/],
  ['22007', `invalid input syntax for type date: "${MARKER}"`, {}, /invalid date/],
  [
    '22021',
    `invalid byte sequence for encoding "UTF8": 0x${MARKER}`,
    {where: `COPY people, line 7`},
    /row 7 of people/,
  ],
  ['22P04', `extra data after last expected column`, {where: `COPY people, line 2: "${MARKER}\t1"`}, /row 2 of people/],
  ['22023', `time zone "${MARKER}" not recognized`, {}, /invalid value/],
  ['22999', MARKER, {}, /whose words are in the log/],
  [
    '23505',
    'duplicate key value violates unique constraint "people_mail"',
    {detail: `Key (mail)=(${MARKER}) already exists.`, schema: 'public', table: 'people', constraint: 'people_mail'},
    /duplicate key.*table public\.people, constraint people_mail/,
  ],
  [
    '23505',
    'could not create unique index "people_mail"',
    {detail: `Key (mail)=(${MARKER}) is duplicated.`, schema: 'public', table: 'people', constraint: 'people_mail'},
    /constraint people_mail/,
  ],
  [
    '23514',
    'new row for relation "people" violates check constraint "adult"',
    {detail: `Failing row contains (1, ${MARKER}).`, schema: 'public', table: 'people', constraint: 'adult'},
    /check constraint.*constraint adult/,
  ],
  ['23502', 'null value in column "age"', {detail: `Failing row contains (${MARKER}).`, table: 'people'}, /people/],
  ['23503', 'violates foreign key constraint', {detail: `Key (mail)=(${MARKER}) is not present.`}, /foreign key/],
  ['23P01', 'conflicting key value', {detail: `Key (mail)=(${MARKER}) conflicts with (${MARKER}).`}, /exclusion/],
  ['44000', 'new row violates check option for view "v"', {detail: `Failing row contains (${MARKER}).`}, /view "v"/],
  [
    'P0001',
    `${MARKER} is not welcome`,
    {hint: `call ${MARKER}`, where: `${AT_RAISE}\nSQL statement "select '${MARKER}'"`, file: 'pl_exec.c'},
    /function public\.greet\(text,"My Type"\) line 3 at RAISE/,
  ],
  [
    '42P01',
    `${MARKER} is no table`,
    {where: AT_RAISE, file: 'pl_exec.c', table: MARKER, column: MARKER, constraint: MARKER, dataType: MARKER},
    /raised.*greet/,
  ],
  ['AB123', MARKER, {where: AT_RAISE, file: 'pl_exec.c'}, /raised.*greet/],
  ['HR001', MARKER, {where: AT_RAISE, file: 'pl_exec.c'}, /raised.*greet/],
  ['38000', MARKER, {where: 'PL/Perl function "greet"', file: 'plperl.c'}, /PL\/Perl function "greet"/],
  ['P0004', MARKER, {where: `PL/pgSQL function greet() line 3 at ASSERT`, file: 'pl_exec.c'}, /greet/],
  [
    '42703',
    `column "${MARKER}" does not exist`,
    {
      where: `PL/pgSQL function greet() line 3 at EXECUTE\nPL/pgSQL function outer() line 1 at PERFORM`,
      internalQuery: `select ${MARKER}`,
      file: 'parse_relation.c',
    },
    /greet\(\) line 3 at EXECUTE, PL\/pgSQL function outer/,
  ],
  ['42601', `syntax error at or near "${MARKER}" of jsonpath input`, {}, /syntax error/],
  ['XX000', `extension cannot read "${MARKER}" or '${MARKER}'`, {}, /extension cannot read … or …/],
  [
    '23514',
    'of a function',
    {where: `SQL statement "insert into people values ('\n${MARKER}')"\nSQL function "g" statement 2`},
    /SQL function "g" statement 2/,
  ],
]

describe('What an error of a database tells', () => {
  for (const [code, message, fields, left] of REFUSED) {
    it(`holds no value of a row, but what helps: ${code}, ${message.replaceAll(MARKER, '…')}`, () => {
      const error = errorOf(code, message, fields)
      expect(wordsOf(error)).not.to.contain(MARKER)
      const told = refusalOf(error, 'changes could not be applied')
      expect(wordsOf(told)).not.to.contain(MARKER)
      expect(`${messageOf(told)} – ${error.where}`).to.match(left)
      expectReadable(messageOf(told))
      expect(error.code).to.equal(code)
    })
  }

  it('is what Postgres says where that speaks of objects, locks and the server', () => {
    for (const [code, message, fields] of [
      ['42P01', 'relation "no_such_table" does not exist', {where: 'SQL function "f" during inlining'}],
      ['42501', 'permission denied for table closed', {}],
      ['42601', 'syntax error at or near "selct"', {position: '1'}],
      ['55P03', 'canceling statement due to lock timeout', {}],
      ['53100', 'could not extend file "base/5/16400": No space left on device', {}],
      ['XX000', 'invalid memory alloc request size 1073741824', {}],
    ] as const)
      expect(errorOf(code, message, fields).message).to.equal(message)
  })

  it('is what the plugin itself raises, in functions and blocks of its own', () => {
    const fence = {file: 'pl_exec.c', where: 'PL/pgSQL function heroku_rds.fence() line 9 at RAISE'}
    expect(errorOf('25006', 'UPDATE on public.items refused: frozen', fence).message).to.contain('refused: frozen')
    const guard = {file: 'pl_exec.c', where: 'PL/pgSQL function inline_code_block line 4 at RAISE'}
    expect(errorOf('HR001', 'another operator has taken over', guard).message).to.equal(
      'another operator has taken over',
    )
  })

  it('names functions as it did, and nothing that only begins like one', () => {
    const where = [
      AT_RAISE,
      'PL/pgSQL function f(timestamp without time zone,"a,) b"[]) line 1 during statement block local variable initialization',
      'PL/pgSQL function "My Schema"."F"() line 12 at SQL statement',
      "PL/pgSQL function g(text) while casting return value to function's return type",
      'SQL function "f" during inlining',
      'SQL function "f" statement 1',
      'PL/Python function "f"',
    ]
    expect(functionsIn(where.join('\n'))).to.deep.equal(where)
    const others = [
      `SQL function ${'"a"'.repeat(60)}!`,
      `SQL function f(${'"a"'.repeat(60)}!`,
      `PL/pgSQL function of ${MARKER}`,
      'PL/pgSQL function inline_code_block line 3 at RAISE',
      `SQL function "f" statement 1: ${MARKER}`,
    ]
    expect(functionsIn(others.join('\n'))).to.deep.equal([])
  })
})

describe('A connection', () => {
  it('is made by the one client that takes rows out of errors', () => {
    const folder = join(import.meta.dirname, '../../src')
    const making = readdirSync(folder, {recursive: true, encoding: 'utf8'}).filter(
      (file) =>
        file.endsWith('.ts') && /new pg\.Client|extends pg\.Client/.test(readFileSync(join(folder, file), 'utf8')),
    )
    expect(making).to.deep.equal(['lib/adapters/client.ts'])
    const pools = /new pg\.Pool\((.*)\)/.exec(readFileSync(join(folder, 'lib/adapters/postgres.ts'), 'utf8'))
    expect(pools![1]).to.match(/\bClient\b/)
  })
})
