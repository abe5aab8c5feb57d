import {randomInt} from 'node:crypto'
import {createPool} from './database.mjs'
import {recordedTransaction} from './ledger.mjs'
import {pause, stop} from './stop.mjs'

const pool = createPool(2)
const jobs = {
  'order-status': advanceOrders,
  carts: turnOverCarts,
  'page-views': savePageViews,
  customer: renameCustomer,
}
const rest = Number(process.env.WORKER_PAUSE_MS ?? 20)

console.log('worker works')
while (!stop.aborted) {
  for (const [kind, job] of Object.entries(jobs)) {
    if (!stop.aborted) await attempt(kind, job)
  }
}
await pool.end()
console.log('worker closed')

async function attempt(kind, job) {
  try {
    await recordedTransaction(pool, kind, job)
    await pause(rest)
  } catch (error) {
    console.error(`${kind}: ${error.code ?? ''} ${error.message}`)
    await pause(250)
  }
}

async function advanceOrders(client) {
  const {rowCount} = await client.query(
    `UPDATE orders SET updated_at = now(), status = CASE status
       WHEN 'placed' THEN 'paid'::order_status WHEN 'paid' THEN 'packed' ELSE 'shipped' END
     WHERE id IN (SELECT id FROM orders WHERE status <> 'shipped' ORDER BY placed_at LIMIT 5 FOR UPDATE SKIP LOCKED)`,
  )
  await client.query(
    `INSERT INTO "Settings" ("Key", "Value") VALUES ('orders last moved', to_jsonb($1::int))
     ON CONFLICT ("Key") DO UPDATE SET "Value" = EXCLUDED."Value", "updatedAt" = now()`,
    [rowCount],
  )
  return {orders: rowCount}
}

async function turnOverCarts(client) {
  await client.query(
    `INSERT INTO carts (customer_id, contents)
     SELECT id, '[{"product": 1, "quantity": 2}]' FROM customers ORDER BY id DESC LIMIT 3`,
  )
  const {rowCount} = await client.query(
    'DELETE FROM carts WHERE id IN (SELECT id FROM carts ORDER BY touched_at LIMIT 3 FOR UPDATE SKIP LOCKED)',
  )
  return {deleted: rowCount}
}

async function savePageViews(client) {
  await client.query(
    `INSERT INTO page_views (path, customer_id) SELECT '/products/' || n, n FROM generate_series(1, 10) n`,
  )
}

async function renameCustomer(client) {
  const customer = randomInt(1, 50)
  await client.query(
    `UPDATE customers SET name = 'Customer at ' || clock_timestamp()
     WHERE id = $1`,
    [customer],
  )
  return {customer}
}
