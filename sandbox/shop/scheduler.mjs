import {createPool} from './database.mjs'
import {recordedTransaction} from './ledger.mjs'
import {pause, stop} from './stop.mjs'

const pool = createPool(1)
for (let tries = 5; tries > 0 && !stop.aborted; tries--) {
  try {
    await recordedTransaction(pool, 'nightly', nightly)
    await pool.query('REFRESH MATERIALIZED VIEW CONCURRENTLY daily_revenue')
    console.log('nightly job done')
    break
  } catch (error) {
    console.error(`nightly job: ${error.code ?? ''} ${error.message}`)
    await pause(1000)
  }
}
await pool.end()

async function nightly(client) {
  const {rows: products} = await client.query('SELECT id FROM products WHERE id % 10 = 0 ORDER BY id FOR UPDATE')
  const ids = products.map(({id}) => id)
  await client.query('INSERT INTO stock_movements (product_id, change) SELECT unnest($1::int[]), 100', [ids])
  await client.query('UPDATE products SET stock = stock + 100 WHERE id = ANY ($1)', [ids])
  const {rowCount} = await client.query(
    'DELETE FROM page_views WHERE id IN (SELECT id FROM page_views ORDER BY viewed_at LIMIT 100)',
  )
  return {restocked: ids.length, forgotten: rowCount}
}
