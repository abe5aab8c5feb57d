import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {setImmediate as turn} from 'node:timers/promises'

import pg from 'pg'

import type {PostgresServer} from '../../sandbox/postgres/server.js'

const connect = async (url: string): Promise<pg.Client> => {
  const client = new pg.Client({connectionString: url, ssl: {rejectUnauthorized: false}})
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** Runs statements as an app does, one after the other; returns the first row of the last. */
export async function run(url: string, statements: readonly string[]): Promise<unknown> {
  const client = await connect(url)
  try {
    let last: unknown
    for (const statement of statements) last = (await client.query(statement)).rows[0]
    return last
  } finally {
    await client.end()
  }
}

/** Runs `test/schemas/NAME.sql` as the owner, statement by statement, as they stand between blank lines; those marked `-- fails:` must. */
export async function loadSchema(url: string, name: string): Promise<void> {
  const script = readFileSync(join(import.meta.dirname, '..', 'schemas', `${name}.sql`), 'utf8')
  const client = await connect(url)
  try {
    for (const statement of script.split(/\n\n+/)) {
      const error = await client.query(statement).then(
        () => undefined,
        (failure: Error) => failure,
      )
      const expected = statement.startsWith('-- fails:')
      if (Boolean(error) !== expected) throw new Error(`${statement}\n${error?.message ?? 'did not fail'}`)
    }
  } finally {
    await client.end()
  }
}

/** Runs the statements again and again, in turn, while the work goes on; what a frozen source refuses is passed over. Returns how many passed. */
export async function whileWriting(
  url: string,
  statements: readonly string[],
  work: () => Promise<unknown>,
): Promise<number> {
  const client = await connect(url)
  let [going, passed] = [true, 0]
  const writing = (async () => {
    for (let nth = 0; going; nth++) {
      await client.query(statements[nth % statements.length]!).then(
        () => passed++,
        (error: Error) => {
          if (!/refused: |read-only|terminat|not queryable|closed/i.test(error.message)) throw error
        },
      )
      await turn()
    }
  })()
  try {
    await Promise.race([work(), writing])
    going = false
    await writing
    return passed
  } finally {
    going = false
    await client.end()
  }
}

/** The rows of every table of a database, each column by its name, as the server itself sees them. */
export async function rowsOfAll(server: PostgresServer, database: string): Promise<Record<string, string>> {
  const tables = await server.superuser<{name: string; columns: string}>(
    database,
    `select format('%I.%I', n.nspname, c.relname) as name,
       string_agg(format('t.%I', a.attname), ', ' order by a.attname) as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
     where c.relkind in ('r', 'p') and not c.relispartition and a.attnum > 0 and not a.attisdropped
       and n.nspname !~ '^pg_|^information_schema$|^heroku_rds$|^_heroku$'
     group by 1 order by 1`,
  )
  const contents: Record<string, string> = {}
  for (const {name, columns} of tables) {
    const [row] = await server.superuser<{digest: string}>(
      database,
      `select concat(count(*), ' ', md5(string_agg(line, E'\\n' order by line))) as digest
       from (select row(${columns})::text as line from ${name} t) lines`,
    )
    contents[name] = row!.digest
  }
  return contents
}
