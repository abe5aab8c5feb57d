import {readFile} from 'node:fs/promises'
import pg from 'pg'

/**
 * Makes the shop's schema in an empty database and fills it, as the role of the URL, which then owns it all. Scale 1 is
 * about 25 MB; 0 leaves a shop that is just big enough to sell.
 */
export async function seedShop(url: string, {scale = 1}: {scale?: number} = {}): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    ...(url.includes('sslmode=') ? {} : {ssl: {rejectUnauthorized: false}}),
  })
  await client.connect()
  try {
    await client.query(await readFile(new URL('schema.sql', import.meta.url), 'utf8'))
    await client.query(`SELECT set_config('shop.scale', $1, false)`, [String(scale)])
    await client.query(await readFile(new URL('seed.sql', import.meta.url), 'utf8'))
    await client.query('ANALYZE')
  } finally {
    await client.end()
  }
}
