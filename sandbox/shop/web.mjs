import {createServer} from 'node:http'
import {addEvent, createPool, transaction} from './database.mjs'
import {stop} from './stop.mjs'

const pool = createPool(5)

const server = createServer(async (request, response) => {
  try {
    const [status, body] = await answer(request)
    response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body))
  } catch (error) {
    console.error(`${request.method} ${request.url}: ${error.code ?? ''} ${error.message}`)
    response.writeHead(503, {'content-type': 'application/json'}).end(JSON.stringify({error: error.message}))
  }
})
server.listen(process.env.PORT, () => console.log(`shop listens on ${server.address().port}`))

stop.addEventListener('abort', () => {
  server.close(async () => {
    await pool.end()
    console.log('shop closed')
  })
  server.closeIdleConnections()
})

async function answer(request) {
  if (request.method === 'GET' && request.url === '/health') return health()
  if (request.method === 'POST' && request.url === '/orders') return order(await readJson(request))
  return [404, {error: 'not found'}]
}

async function health() {
  const {rows} = await pool.query(`SELECT inet_server_port() || '/' || current_database() AS database`)
  return [200, rows[0]]
}

async function order({ref, email}) {
  if (typeof ref !== 'string' || typeof email !== 'string') return [400, {error: 'ref and email are needed'}]
  const {result, database} = await transaction(pool, async (client) => {
    const {rows: customers} = await client.query('SELECT id FROM customers WHERE email = $1', [email])
    if (customers.length === 0) return undefined
    return placeOrder(client, ref, customers[0].id)
  })
  return result ? [201, {ref, number: result.number, database}] : [422, {error: `no customer ${email}`}]
}

async function placeOrder(client, ref, customer) {
  const {rows: products} = await client.query('SELECT id, price FROM products ORDER BY random() LIMIT 3')
  const {rows} = await client.query('INSERT INTO orders (customer_id, ref) VALUES ($1, $2) RETURNING id, number', [
    customer,
    ref,
  ])
  const [{id, number}] = rows
  let amount = 0n
  for (const product of products.sort((a, b) => a.id - b.id)) {
    const quantity = 1 + (product.id % 3)
    const {rows: lines} = await client.query(
      'INSERT INTO order_lines (order_id, product_id, quantity, unit_price) VALUES ($1, $2, $3, $4) RETURNING total',
      [id, product.id, quantity, product.price],
    )
    await client.query('UPDATE products SET stock = stock - $2 WHERE id = $1', [product.id, quantity])
    amount += BigInt(lines[0].total)
  }

  await client.query('INSERT INTO billing.payments (order_id, amount) VALUES ($1, $2)', [id, amount])
  await addEvent(client, ref, 'order', {order: id, amount: String(amount)})
  return {number}
}

async function readJson(request) {
  let text = ''
  for await (const chunk of request) text += chunk
  return JSON.parse(text)
}
