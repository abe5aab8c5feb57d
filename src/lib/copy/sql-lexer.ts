/** One statement of a script, with the words it begins with. */
export interface Statement {
  sql: string
  /** Keywords and names as they stand, quotes included; strings, bodies and comments left out; at most twelve. */
  words: string[]
}

const WORD_LIMIT = 12
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y

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
  const keep = (word: string) => {
    if (words.length < WORD_LIMIT) words.push(word)
  }

  while (at < script.length) {
    const char = script[at]!
    const two = script.slice(at, at + 2)
    if (two === '--') at = endOfLine(script, at)
    else if (two === '/*') at = endOfComment(script, at)
    else if (char === "'") at = endOfQuoted(script, at, isEscapeString(script, at))
    else if (char === '"') {
      const end = endOfQuoted(script, at, false)
      keep(script.slice(at, end))
      at = end
    } else if (char === '$' && matchAt(DOLLAR_TAG, script, at)) {
      const tag = matchAt(DOLLAR_TAG, script, at)!
      const close = script.indexOf(tag, at + tag.length)
      at = close < 0 ? script.length : close + tag.length
    } else if (char === '\\' && words.length === 0) {
      at = endOfLine(script, at)
      start = at
    } else if (char === ';' && depth === 0 && atomic === 0) {
      take(at)
      at++
    } else {
      const word = matchAt(WORD, script, at)
      if (word) {
        const upper = word.toUpperCase()
        atomic = atomicDepth(atomic, upper, script, at)
        keep(word)
        at += word.length
      } else {
        if (char === '(') depth++
        if (char === ')') depth--
        at++
      }
    }
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

const isEscapeString = (script: string, at: number): boolean =>
  /[eE]/.test(script[at - 1] ?? '') && !/[\w$]/.test(script[at - 2] ?? ' ')

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
