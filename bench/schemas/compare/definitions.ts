import {connect} from '../../stage.js'
import {OBJECTS} from './objects.js'
import {RELATIONS} from './relations.js'
import {wordless} from './wording.js'

/** By kind and name. */
export type Definitions = ReadonlyMap<string, string>

/** Everything a database of the customer's says of itself, as a superuser reads it in the catalogs. */
export async function definitionsOf(superuserUrl: string): Promise<Definitions> {
  const client = await connect(superuserUrl)
  try {
    // Which names are keywords, and quoted for that, is another matter in each major.
    await client.query('set search_path = pg_catalog; set quote_all_identifiers = on')
    const all = new Map<string, string>()
    for (const [kind, sql] of Object.entries({...OBJECTS, ...RELATIONS})) {
      const {rows} = await client.query<{name: string; definition: string | null}>(sql)
      for (const {name, definition} of rows) all.set(`${kind} ${ofJson(name)}`, ofJson(definition ?? ''))
    }
    return all
  } finally {
    await client.end()
  }
}

/** From 17 on the type is never quoted. */
const ofJson = (text: string): string => text.replaceAll('"json"', 'json')

/** What one has and the other has not, or says in another way. */
export function differencesOf(one: Definitions, other: Definitions, names: [string, string]): string[] {
  const missing = (from: Definitions, to: Definitions, place: string) =>
    [...from.keys()].filter((name) => !to.has(name)).map((name) => `${name}: not on ${place}`)
  const changed = [...one].flatMap(([name, definition]) => {
    const there = other.get(name)
    return there === undefined || there === definition || wordless(there) === wordless(definition)
      ? []
      : [`${name}: ${names[0]} says ${definition} | ${names[1]} says ${there}`]
  })
  return [...missing(one, other, names[1]), ...missing(other, one, names[0]), ...changed]
}
