import {nameIn, tokensOf} from '../../copy/sql-lexer.js'
import type {SearchPath} from '../../postgres/app-search-path.js'
import type {Queryable} from '../../ports/ports.js'
import {namesIn, type BareNames, type Names} from './bare-names.js'
import {type Build, type Routine, routinesNamed} from './builds.js'

/** A function that finds names by search_path, which ones, and what is built with it. */
export interface Searching {
  routine: Routine
  names: string[]
  builds: string[]
}

/** The schemas of a search_path, by name. */
export const schemasIn = (path: SearchPath): string[] =>
  [...tokensOf(path)].filter(({kind}) => kind === 'name' || kind === 'word').map(({text}) => nameIn(text))

/** Follows the calls of functions; those behind one that searches are not followed, because its cure settles them too. */
export async function functionsThatSearch(
  source: Queryable,
  found: readonly Build[],
  schemas: readonly string[],
): Promise<Searching[]> {
  const callers = new Map<string, Set<string>>()
  const searching: Searching[] = []
  let next: {routine: Routine; builds: string[]}[] = found.flatMap(({kind, name, routines}) =>
    routines.map((routine) => ({routine, builds: [`${kind} ${name}`]})),
  )
  while (next.length > 0) {
    const calls: {names: Names; builds: string[]}[] = []
    for (const {routine, builds} of merged(next)) {
      const known = callers.get(routine.oid)
      callers.set(routine.oid, new Set([...(known ?? []), ...builds]))
      if (known || !isRead(routine)) continue
      const names = namesIn(routine.body)
      const missing = await namesBySearch(source, names, schemas)
      if (missing.length > 0) searching.push({routine, names: missing, builds: []})
      else calls.push({names, builds})
    }
    const called = [...new Set(calls.flatMap(({names}) => names.qualified.map(({name}) => name)))]
    const there = called.length > 0 ? await routinesNamed(source, called) : []
    next = calls.flatMap(({names, builds}) =>
      there
        .filter(({name}) => names.qualified.some((one) => name.startsWith(`${one.schema}.${one.name}(`)))
        .map((routine) => ({routine, builds})),
    )
  }
  return searching.map((one) => ({...one, builds: [...callers.get(one.routine.oid)!].sort()}))
}

/** Bodies in other languages cannot be read; those that are settled need not be. */
const isRead = ({language, settled}: Routine): boolean => !settled && (language === 'sql' || language === 'plpgsql')

function merged(all: readonly {routine: Routine; builds: string[]}[]): {routine: Routine; builds: string[]}[] {
  const byOid = new Map<string, {routine: Routine; builds: string[]}>()
  for (const {routine, builds} of all) {
    const known = byOid.get(routine.oid)
    if (known) known.builds.push(...builds)
    else byOid.set(routine.oid, {routine, builds: [...builds]})
  }
  return [...byOid.values()]
}

/** Of these names, those that are found in one of the schemas and not in pg_catalog. */
export async function namesBySearch(
  source: Queryable,
  names: BareNames,
  schemas: readonly string[],
): Promise<string[]> {
  const kinds: [kind: string, catalog: string, name: string, schema: string, wanted: ReadonlySet<string>][] = [
    ['function', 'pg_proc', 'proname', 'pronamespace', names.function],
    ['relation', 'pg_class', 'relname', 'relnamespace', names.relation],
    ['type', 'pg_type', 'typname', 'typnamespace', names.type],
    ['text search configuration', 'pg_ts_config', 'cfgname', 'cfgnamespace', names.textSearch],
    ['text search dictionary', 'pg_ts_dict', 'dictname', 'dictnamespace', names.textSearch],
    ['operator', 'pg_operator', 'oprname', 'oprnamespace', names.operator],
  ]
  const rows = await source.query<{name: string}>(
    `select distinct concat(kind, ' ', name) as name
     from (${kinds
       .map(
         ([kind, catalog, name, schema], i) => `
       select '${kind}' as kind, o.${name}::text as name
       from ${catalog} o
       join pg_namespace n on n.oid = o.${schema}
       where o.${name} = any ($${i + 2})
         and n.nspname = any ($1)
         and not exists (
           select from ${catalog} c
           where c.${name} = o.${name} and c.${schema} = 'pg_catalog'::regnamespace)`,
       )
       .join(' union all ')}) found
     order by 1`,
    [schemas, ...kinds.map(([, , , , wanted]) => [...wanted])],
  )
  return rows.map(({name}) => name)
}
