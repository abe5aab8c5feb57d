import pg from 'pg'

/** Runs statements one by one on one connection; CREATE DATABASE allows no other way. */
export async function runAll(url: string, statements: string[]): Promise<void> {
  const client = new pg.Client({connectionString: url})
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}
