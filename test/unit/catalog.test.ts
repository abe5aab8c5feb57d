import {expect} from 'chai'

import {identifier, literal} from '../../src/lib/postgres/catalog.js'
import {statementsOf} from '../../src/lib/copy/sql-lexer.js'

/** Everything that ends, opens or escapes something in SQL, in random order. */
const PIECES = [
  '"',
  "'",
  '\\',
  ';',
  '--',
  '/*',
  '*/',
  '$$',
  '$x$',
  '.',
  ' ',
  '\n',
  '%',
  'a',
  'SELECT',
  'ß',
  '🐘',
  '\u00a0',
]

function* hostileNames(count: number): Generator<string> {
  let seed = 42
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
  for (let i = 0; i < count; i++) {
    yield Array.from({length: 1 + random(8)}, () => PIECES[random(PIECES.length)]).join('')
  }
}

/** What the server's scanner makes of a quoted name that fills the whole text. */
function readIdentifier(sql: string): string {
  expect(sql).to.match(/^"(?:[^"]|"")+"$/)
  return sql.slice(1, -1).replaceAll('""', '"')
}

/** The same for a string, plain or with escapes. */
function readLiteral(sql: string): string {
  const text = sql.trimStart()
  if (!text.startsWith('E')) {
    expect(text).to.match(/^'(?:[^']|'')*'$/)
    return text.slice(1, -1).replaceAll("''", "'")
  }
  expect(text).to.match(/^E'(?:[^'\\]|''|\\\\)*'$/)
  return text.slice(2, -1).replace(/''|\\\\/g, (pair) => pair[1]!)
}

describe('names and strings in statements of ours', () => {
  it('are read back as they were, whatever they hold', () => {
    for (const name of hostileNames(3000)) {
      expect(readIdentifier(identifier(name))).to.equal(name)
      expect(readLiteral(literal(name))).to.equal(name)
    }
  })

  it('never end the statement they stand in', () => {
    for (const name of hostileNames(1000)) {
      const sql = `COMMENT ON TABLE ${identifier('a schema', name)} IS ${literal(name)}`
      const [statement, ...others] = statementsOf(`${sql};`)
      expect(others).to.deep.equal([])
      expect(statement!.words).to.deep.equal(['COMMENT', 'ON', 'TABLE', '"a schema"', identifier(name), 'IS'])
    }
  })

  it('join schema and table', () => {
    expect(identifier('We"ird', 'a.b')).to.equal('"We""ird"."a.b"')
    expect(identifier('select')).to.equal('"select"')
    expect(literal('')).to.equal("''")
  })

  it('keep a literal apart from the word before it', () => {
    expect(`AS${literal('a\\b')}`).to.equal("AS E'a\\\\b'")
  })
})
