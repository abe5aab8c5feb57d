import {expect} from 'chai'

import {type BareNames, namesIn, queriesIn} from '../../src/lib/assessment/search-path/bare-names.js'

const KINDS = ['function', 'relation', 'type', 'textSearch', 'operator'] as const
type Found = Partial<Record<keyof BareNames, string[]>>

/** Of pg_catalog, which every search_path has. */
const NOISE = new Set(['=', '*', '%', 'regclass', 'regconfig', 'text'])

function found(body: string): Found {
  const names = namesIn(body)
  return Object.fromEntries(
    KINDS.map((kind) => [kind, [...names[kind]].filter((name) => !NOISE.has(name))]).filter(([, list]) => list!.length),
  ) as Found
}

describe('the names that a body finds by search_path', () => {
  const bodies: Record<string, [body: string, names: Found]> = {
    'a function': ['select helper($1)', {function: ['helper']}],
    'not one with its schema': [`select public.helper($1), "Odd".other ()`, {}],
    'a function in quotes': ['select "Help;er"($1)', {function: ['Help;er']}],
    'neither comments nor strings': [`select 'helper(1)' -- helper(2)\n /* from t */`, {}],
    'tables of a list, but not their columns and aliases': [
      'select o.id, count from orders o, "Lines" l join only items using (id) where o.n = l.n',
      {function: ['using'], relation: ['orders', 'Lines', 'items']},
    ],
    'tables of a subquery': [
      'select 1 where exists (select from a, b) and x = (select 1 from c)',
      {function: ['exists'], relation: ['a', 'b', 'c']},
    ],
    'no table in is distinct from': ['select a is distinct from b', {}],
    'types of casts': [
      `select $1::mood, cast($1 as "Size"), $1::public.other`,
      {function: ['cast'], type: ['mood', 'Size']},
    ],
    'types and rows of declarations': [
      `declare one mood; two orders%rowtype; three orders.id%type; four public.mood := 'a'; begin return one; end`,
      {relation: ['orders'], type: ['mood']},
    ],
    'a text search dictionary': [`select public.unaccent('unaccent', $1)`, {textSearch: ['unaccent']}],
    'names that are cast': [
      `select 'orders'::regclass, 'simple'::regconfig, 'public.t'::regclass, 'text'::text`,
      {relation: ['orders'], textSearch: ['simple']},
    ],
    operators: [
      'select $1 <-> $2 <% $3, $1 operator(public.~~~) $2',
      {function: ['operator'], operator: ['<->', '<%']},
    ],
    'what a string holds that is executed': [
      `begin execute 'select f(x) from t'; execute format('select %I from u', $$v$$); raise notice 'g(1) from w'; end`,
      {function: ['f', 'format'], relation: ['t', 'u']},
    ],
    'what ts_stat reads': [
      `select * from ts_stat('select body from docs')`,
      {function: ['ts_stat'], relation: ['docs']},
    ],
  }
  for (const [what, [body, names]] of Object.entries(bodies)) {
    it(`are those of ${what}`, () => {
      const {relation, ...rest} = names
      const {relation: relations, ...others} = found(body)
      expect(others).to.deep.equal(rest)
      expect(new Set(relations)).to.deep.equal(new Set(relation))
    })
  }

  it('tell the functions that are called with a schema, to be followed', () => {
    expect(namesIn('select public.helper($1), a.b').qualified).to.deep.equal([{schema: 'public', name: 'helper'}])
  })

  it('are looked for in the queries that a view runs from strings', () => {
    const view = `SELECT ts_stat.word FROM ts_stat('select body from "T;x" where a = ''b'''::text) ts_stat(word, ndoc)`
    expect(queriesIn(view)).to.deep.equal([`select body from "T;x" where a = 'b'`])
    expect(queriesIn(`SELECT 'select body from docs'::text`)).to.deep.equal([])
  })
})
