import {ask, type Place} from '../stage.js'

/** Rows and a sum of hashes of every table, told by the server alone. */
async function digests({superuserUrl}: Place): Promise<string[]> {
  const tables = await ask<{name: string}>(
    superuserUrl,
    `select oid::regclass::text as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by relname`,
  )
  const lines = tables.map(
    ({name}) =>
      `select '${name}: ' || count(*) || ' rows, ' || coalesce(sum(hashtextextended(t::text, 0)), 0) as line from ${name} t`,
  )
  return (await ask<{line: string}>(superuserUrl, lines.join(' union all '))).map(({line}) => line)
}

/** Fails unless both hold the same. */
export async function assertEqual(source: Place, target: Place): Promise<void> {
  const [ours, theirs] = [await digests(source), await digests(target)]
  const differences = ours.filter((line) => !theirs.includes(line))
  if (differences.length === 0 && ours.length === theirs.length) return
  throw new Error(`the target is not equal to its source:\n${ours.join('\n')}\n\n${theirs.join('\n')}`)
}
