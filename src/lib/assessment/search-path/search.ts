import {nameIn, tokensOf} from '../../copy/sql-lexer.js'
import type {SearchPath} from '../../postgres/app-search-path.js'
import type {Queryable} from '../../ports/ports.js'
import {namesIn, type BareNames, type Names} from './bare-names.js'
import {type Build, labelOf, type Routine, routinesNamed} from './builds.js'

/** A function that finds names by search_path, which ones, and what is built with it. */
export interface Searching {
  routine: Routine
  names: string[]
  builds: string[]
}

/** The schemas of a search_path, by name. */
export const schemasIn = (path: SearchPath): string[] =>
  [...tokensOf(path)].filter(({kind}) => kind === 'name' || kind === 'word').map(({text}) => nameIn(text))

interface Reached {
  routine: Routine
  builds: string[]
}

/** Follows the calls of functions; those behind one that searches are not followed, because its cure settles them too. */
export async function functionsThatSearch(
  source: Queryable,
  found: readonly Build[],
  schemas: readonly string[],
): Promise<Searching[]> {
  const seen = new Set<string>()
  const searching: Searching[] = []
  let next = found.flatMap((build) => build.routines.map((routine): Reached => ({routine, builds: [labelOf(build)]})))
  while (next.length > 0) {
    const fresh = merged(next).filter(({routine}) => !seen.has(routine.oid) && isRead(routine))
    for (const {routine} of fresh) seen.add(routine.oid)
    const read = fresh.map((one) => ({...one, names: namesIn(one.routine.body)}))
    const missing = await namesBySearch(
      source,
      read.map(({names}) => names),
      schemas,
    )
    const calls: {names: Names; builds: string[]}[] = []
    for (const [i, {routine, builds, names}] of read.entries()) {
      if (missing[i]!.length > 0) searching.push({routine, names: missing[i]!, builds: builds.sort()})
      else calls.push({names, builds})
    }
    const called = [...new Set(calls.flatMap(({names}) => names.qualified.map(({name}) => name)))]
    const there = called.length > 0 ? await routinesNamed(source, called) : []
    next = calls.flatMap(({names, builds}) =>
      there
        .filter(({schema, called}) => names.qualified.some((one) => one.schema === schema && one.name === called))
        .map((routine) => ({routine, builds: [...builds]})),
    )
  }
  return searching
}

/** Bodies in other languages cannot be read; those that are settled need not be. */
const isRead = ({language, settled}: Routine): boolean => !settled && (language === 'sql' || language === 'plpgsql')

/** Each function once, with all that leads to it. */
function merged(all: readonly Reached[]): Reached[] {
  const byOid = new Map<string, Reached>()
  for (const {routine, builds} of all) {
    const known = byOid.get(routine.oid)
    if (known) known.builds.push(...builds)
    else byOid.set(routine.oid, {routine, builds: [...builds]})
  }
  return [...byOid.values()]
}

const KINDS = [
  {kind: 'function', catalog: 'pg_proc', name: 'proname', schema: 'pronamespace', of: 'function'},
  {kind: 'relation', catalog: 'pg_class', name: 'relname', schema: 'relnamespace', of: 'relation'},
  {kind: 'type', catalog: 'pg_type', name: 'typname', schema: 'typnamespace', of: 'type'},
  {
    kind: 'text search configuration',
    catalog: 'pg_ts_config',
    name: 'cfgname',
    schema: 'cfgnamespace',
    of: 'textSearch',
  },
  {kind: 'text search dictionary', catalog: 'pg_ts_dict', name: 'dictname', schema: 'dictnamespace', of: 'textSearch'},
  {kind: 'operator', catalog: 'pg_operator', name: 'oprname', schema: 'oprnamespace', of: 'operator'},
] as const

/** Of each of these lists of names, those that are found in one of the schemas and not in pg_catalog. */
export async function namesBySearch(
  source: Queryable,
  lists: readonly BareNames[],
  schemas: readonly string[],
): Promise<string[][]> {
  const foundOf = KINDS.map(
    ({kind, catalog, name, schema}, i) => `
      select '${kind}' as kind, o.${name}::text as name
      from ${catalog} o
      join pg_namespace n on n.oid = o.${schema}
      where o.${name} = any ($${i + 2})
        and n.nspname = any ($1)
        and not exists (
          select from ${catalog} c
          where c.${name} = o.${name} and c.${schema} = 'pg_catalog'::regnamespace)`,
  )
  const wanted = KINDS.map(({of}) => [...new Set(lists.flatMap((names) => [...names[of]]))])
  const rows = await source.query<{kind: string; name: string}>(
    `select distinct kind, name from (${foundOf.join(' union all ')}) found order by 1, 2`,
    [schemas, ...wanted],
  )
  return lists.map((names) =>
    rows
      .filter(({kind, name}) => KINDS.some((one) => one.kind === kind && names[one.of].has(name)))
      .map(({kind, name}) => `${kind} ${name}`),
  )
}
