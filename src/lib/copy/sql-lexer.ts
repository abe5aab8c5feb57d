/** One statement of a script, with the words it begins with. */
export interface Statement {
  sql: string
  /** Keywords and names as they stand, quotes included; strings, bodies and comments left out; at most twelve. */
  words: string[]
}

/** A name in quotes is a `name`, without them a `word`, as a keyword is; a `string` is one of any kind, dollar quotes included. */
export interface Token {
  kind: 'comment' | 'name' | 'number' | 'other' | 'space' | 'string' | 'word'
  text: string
  /** Where it begins. */
  at: number
}

const WORD_LIMIT = 12
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y
const SPACE = /\s+/y
const NUMBER = /\d[\w.]*/y
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y

/** The token at a place of some SQL. */
function tokenAt(sql: string, at: number): Token {
  const char = sql[at]!
  const next = sql[at + 1]
  if ((char === 'E' || char === 'e') && next === "'") return token('string', sql, at, endOfQuoted(sql, at + 1, true))
  const word = matchAt(WORD, sql, at)
  if (word !== undefined) return {kind: 'word', text: word, at}
  const space = matchAt(SPACE, sql, at)
  if (space !== undefined) return {kind: 'space', text: space, at}
  if (char === "'") return token('string', sql, at, endOfQuoted(sql, at, false))
  if (char === '"') return token('name', sql, at, endOfQuoted(sql, at, false))
  if (char === '-' && next === '-') return token('comment', sql, at, endOfLine(sql, at))
  if (char === '/' && next === '*') return token('comment', sql, at, endOfComment(sql, at))
  const tag = char === '$' ? matchAt(DOLLAR_TAG, sql, at) : undefined
  if (tag === undefined) {
    const number = matchAt(NUMBER, sql, at)
    return number === undefined ? {kind: 'other', text: char, at} : {kind: 'number', text: number, at}
  }
  const close = sql.indexOf(tag, at + tag.length)
  return token('string', sql, at, close < 0 ? sql.length : close + tag.length)
}

const token = (kind: Token['kind'], sql: string, at: number, end: number): Token => ({
  kind,
  text: sql.slice(at, end),
  at,
})

/** What stands in some SQL, without spaces and comments. */
export function* tokensOf(sql: string): Generator<Token, void> {
  for (let at = 0; at < sql.length;) {
    const token = tokenAt(sql, at)
    if (token.kind !== 'space' && token.kind !== 'comment') yield token
    at += token.text.length
  }
}

/** The name that a word or a name in quotes stands for, as the catalogs have it. */
export const nameIn = (token: string): string =>
  token.startsWith('"')
    ? token.slice(1, -1).replaceAll('""', '"')
    : token.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

/**
 * Takes a script of pg_dump apart at the semicolons that end statements: those outside strings, quoted names, dollar
 * quotes, comments, parentheses and `begin atomic` bodies. Lines with psql commands (`\restrict`) are left out.
 */
export function statementsOf(script: string): Statement[] {
  const statements: Statement[] = []
  let start = 0
  let depth = 0
  let atomic = 0
  let words: string[] = []
  let at = 0

  const take = (end: number) => {
    const sql = script.slice(start, end).trim()
    if (words.length > 0) statements.push({sql, words})
    start = end + 1
    words = []
  }

  while (at < script.length) {
    if (script[at] === '\\' && words.length === 0) {
      at = endOfLine(script, at)
      start = at
      continue
    }
    const {kind, text} = tokenAt(script, at)
    if (text === ';' && depth === 0 && atomic === 0) take(at)
    if (text === '(') depth++
    if (text === ')') depth--
    if (kind === 'word') atomic = atomicDepth(atomic, text.toUpperCase(), script, at)
    if ((kind === 'word' || kind === 'name') && words.length < WORD_LIMIT) words.push(text)
    at += text.length
  }
  take(script.length)
  return statements
}

const matchAt = (pattern: RegExp, text: string, at: number): string | undefined => {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

const endOfLine = (script: string, at: number): number => {
  const end = script.indexOf('\n', at)
  return end < 0 ? script.length : end + 1
}

function endOfComment(script: string, at: number): number {
  let depth = 0
  for (; at < script.length; at++) {
    const two = script.slice(at, at + 2)
    if (two === '/*') depth++
    if (two === '*/' && --depth === 0) return at + 2
    if (two === '/*' || two === '*/') at++
  }
  return at
}

function endOfQuoted(script: string, at: number, backslashes: boolean): number {
  const quote = script[at]!
  for (at++; at < script.length; at++) {
    if (backslashes && script[at] === '\\') at++
    else if (script[at] === quote) {
      if (script[at + 1] !== quote) return at + 1
      at++
    }
  }
  return at
}

/** `begin atomic … end` is a body with semicolons of its own; `case … end` nests in it. */
function atomicDepth(depth: number, word: string, script: string, at: number): number {
  if (depth === 0) return word === 'BEGIN' && /^\s+atomic\b/i.test(script.slice(at + word.length)) ? 1 : 0
  if (word === 'CASE') return depth + 1
  return word === 'END' ? depth - 1 : depth
}
