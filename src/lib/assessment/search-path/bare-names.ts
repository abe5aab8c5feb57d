import {nameIn, type Token, tokensOf} from '../../copy/sql-lexer.js'

/** What some SQL names without a schema, by what the name must stand for; candidates, to be looked up. */
export interface BareNames {
  function: Set<string>
  relation: Set<string>
  type: Set<string>
  textSearch: Set<string>
  operator: Set<string>
}

/** And the functions that it calls with a schema. */
export interface Names extends BareNames {
  qualified: {schema: string; name: string}[]
}

const OPERATOR = /^[-+*/<>=~!@#%^&|`?]$/
/** Functions that run the query in their argument. */
const RUNS_A_QUERY = /^(ts_stat|ts_rewrite|crosstab\d?|crosstabn|query_to_xml\w*)$/
/** Functions that take the name of a text search object. */
const TEXT_SEARCH =
  /^(unaccent|(jsonb?_)?to_tsvector|(|plain|phrase|websearch_)to_tsquery|ts_headline|ts_lexize|ts_debug)$/
const END_OF_LIST = /^(where|group|order|having|limit|union|except|intersect|select|window|for|returning|loop|then)$/

/** The names in the body of a function in SQL or PL/pgSQL, or in any other SQL, and in the queries that it runs from strings. */
export function namesIn(sql: string): Names {
  const names: Names = {
    function: new Set(),
    relation: new Set(),
    type: new Set(),
    textSearch: new Set(),
    operator: new Set(),
    qualified: [],
  }
  const tokens = [...tokensOf(sql)]
  const wordAt = (i: number): string => (tokens[i]?.kind === 'word' ? nameIn(tokens[i].text) : '')
  const is = (i: number, text: string): boolean => tokens[i]?.kind === 'other' && tokens[i].text === text
  /** What each open parenthesis belongs to, and whether the list of a FROM is being read in it. */
  const open = [{call: '', from: false}]
  let declaring = false

  for (const [i, token] of tokens.entries()) {
    const here = open.at(-1)!
    if (token.kind === 'word' || token.kind === 'name') {
      const name = nameIn(token.text)
      const keyword = wordAt(i)
      const before = wordAt(i - 1) === 'from' && wordAt(i - 2) === 'distinct' ? '' : wordAt(i - 1)
      if (keyword === 'declare') declaring = true
      if (keyword === 'begin') declaring = false
      if (END_OF_LIST.test(keyword)) here.from = false
      if (keyword === 'from' && before !== 'distinct') here.from = true
      if (keyword === 'only' || keyword === 'declare') continue
      if (is(i - 1, '.')) {
        if (is(i + 1, '(') && isName(tokens[i - 2])) names.qualified.push({schema: nameIn(tokens[i - 2]!.text), name})
        continue
      }
      const rowtype = /^(row)?type$/
      if (is(i + 1, '.')) {
        if (is(i + 3, '%') && rowtype.test(wordAt(i + 4))) names.relation.add(name)
        continue
      }
      if (is(i + 1, '%') && rowtype.test(wordAt(i + 2))) names.relation.add(name)
      else if (is(i + 1, '(')) {
        names.function.add(name)
        if (before === 'into') names.relation.add(name)
      } else if (/^(from|join|into|only|update)$/.test(before) || (here.from && is(i - 1, ',')))
        names.relation.add(name)
      else if ((is(i - 1, ':') && is(i - 2, ':')) || (before === 'as' && here.call === 'cast')) names.type.add(name)
      else if (declaring && !is(i - 1, ';') && !is(i - 1, '%') && before !== 'declare') names.type.add(name)
    } else if (token.kind === 'string') {
      const text = textOf(token)
      if (is(i + 1, ':') && is(i + 2, ':')) nameOfReg(wordAt(i + 3), text, names)
      else if (is(i - 1, '(') && TEXT_SEARCH.test(here.call)) names.textSearch.add(nameIn(text))
      if (RUNS_A_QUERY.test(here.call) || isExecuted(tokens, i)) add(names, namesIn(text))
    } else if (is(i, '(')) open.push({call: wordAt(i - 1), from: false})
    else if (is(i, ')') && open.length > 1) open.pop()
    else if (OPERATOR.test(token.text) && !isPart(tokens, i) && !is(i - 1, '.'))
      names.operator.add(operatorAt(tokens, i))
  }
  return names
}

/** Queries in a view's definition that functions run from strings: their names are looked up when it is read. */
export function queriesIn(definition: string): string[] {
  const tokens = [...tokensOf(definition)]
  return tokens.flatMap((token, i) =>
    token.kind === 'string' && tokens[i - 1]?.text === '(' && RUNS_A_QUERY.test(nameIn(tokens[i - 2]?.text ?? ''))
      ? [textOf(token)]
      : [],
  )
}

const isName = (token: Token | undefined): boolean => token?.kind === 'word' || token?.kind === 'name'

/** A name in a string that is cast to what it names; with a schema it needs no search. */
function nameOfReg(type: string, text: string, names: Names): void {
  if (text.includes('.')) return
  const name = nameIn(text.replace(/\(.*/s, '').trim())
  if (type === 'regclass') names.relation.add(name)
  if (type === 'regtype') names.type.add(name)
  if (type === 'regproc' || type === 'regprocedure') names.function.add(name)
  if (type === 'regconfig' || type === 'regdictionary') names.textSearch.add(name)
}

/** Between EXECUTE and the end of its statement. */
function isExecuted(tokens: readonly Token[], at: number): boolean {
  for (let i = at - 1; i >= 0 && tokens[i]!.text !== ';'; i--)
    if (tokens[i]!.kind === 'word' && nameIn(tokens[i]!.text) === 'execute') return true
  return false
}

const touches = (token: Token | undefined, next: Token): boolean =>
  token?.kind === 'other' && OPERATOR.test(token.text) && token.at + 1 === next.at

/** Of an operator that has begun before. */
const isPart = (tokens: readonly Token[], at: number): boolean => touches(tokens[at - 1], tokens[at]!)

function operatorAt(tokens: readonly Token[], at: number): string {
  let end = at
  while (tokens[end + 1] && OPERATOR.test(tokens[end + 1]!.text) && touches(tokens[end], tokens[end + 1]!)) end++
  return tokens
    .slice(at, end + 1)
    .map(({text}) => text)
    .join('')
}

function textOf({text}: Token): string {
  if (text.startsWith('$')) return text.slice(text.indexOf('$', 1) + 1, text.lastIndexOf('$', text.length - 2))
  return text.slice(text.indexOf("'") + 1, -1).replaceAll("''", "'")
}

function add(names: Names, more: Names): void {
  for (const kind of ['function', 'relation', 'type', 'textSearch', 'operator'] as const)
    for (const name of more[kind]) names[kind].add(name)
  names.qualified.push(...more.qualified)
}
