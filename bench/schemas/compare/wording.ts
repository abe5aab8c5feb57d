const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[\w$]+(?:\.\d+)?|\S/g

/** Words that a type's name can go on with, after a cast. */
const OF_TYPE = /^(varying|precision|without|with|time|zone)$/

/**
 * What a definition says, without what each major words in its own way: parentheses, casts, aliases, the names that a column is
 * qualified with, and NO INDENT, the default of XMLSERIALIZE, which 16 and later write out. Two definitions of one meaning are the same then; two of another meaning hardly ever.
 */
export function wordless(definition: string): string {
  const tokens = [...definition.matchAll(TOKEN)].map(([token]) => token)
  const kept: string[] = []
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!
    if (token === '(' || token === ')') continue
    if (token === 'AS' && /^["\w]/.test(tokens[at + 1] ?? '')) {
      at++
      continue
    }
    if (token === 'NO' && tokens[at + 1] === 'INDENT') {
      at++
      continue
    }
    if (token === ':' && tokens[at + 1] === ':') at = afterType(tokens, at + 2) - 1
    else if (tokens[at + 1] === '.' && /^["\w]/.test(token)) at++
    else kept.push(token)
  }
  return kept.join(' ')
}

/** Where a type's name that begins here has ended. */
function afterType(tokens: readonly string[], begin: number): number {
  let at = begin + 1
  while (tokens[at] === '.') at += 2
  for (;;) {
    if (OF_TYPE.test(tokens[at] ?? '')) at++
    else if (tokens[at] === '(' && /^\d+$/.test(tokens[at + 1] ?? '')) at = tokens.indexOf(')', at) + 1
    else if (tokens[at] === '[' && tokens[at + 1] === ']') at += 2
    else return at
  }
}
