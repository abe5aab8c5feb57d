/**
 * The shop's customers, who sit outside of Heroku: they order through the router, all the time, and write into the
 * ledger what the shop acknowledged. An order without a clear answer goes in as `unknown`, and is never sent again.
 *
 * SHOP_URL is the router's address, SHOP_HOST the name of the app there.
 */
import {randomInt, randomUUID} from 'node:crypto'
import {request} from 'node:http'
import {record} from './ledger.mjs'
import {pause, stop} from './stop.mjs'

const url = new URL('/orders', process.env.SHOP_URL)
const host = process.env.SHOP_HOST ?? url.host
const rest = Number(process.env.CUSTOMER_PAUSE_MS ?? 50)

await Promise.all(Array.from({length: Number(process.env.CUSTOMERS ?? 3)}, (_, n) => shop(`customer.${n + 1}`)))

async function shop(name) {
  while (!stop.aborted) await pause((await order(name)) ? rest : 250)
}

async function order(name) {
  const ref = randomUUID()
  const sent = Date.now()
  const entry = {ref, kind: 'order', sent, process: name}
  try {
    const {status, body} = await post({ref, email: `CUSTOMER${randomInt(1, 50)}@example.com`})
    if (status === 201) record({...entry, acked: Date.now(), database: JSON.parse(body).database})
    else if (status >= 500) record({...entry, unknown: true})
    else console.error(`${name}: ${status} ${body}`)
    return status === 201
  } catch (error) {
    record({...entry, unknown: true})
    console.error(`${name}: ${error.message}`)
    return false
  }
}

function post(content) {
  return new Promise((resolve, reject) => {
    const headers = {host, 'content-type': 'application/json'}
    const call = request(url, {method: 'POST', agent: false, headers, timeout: 35_000}, async (response) => {
      try {
        let body = ''
        for await (const chunk of response) body += chunk
        resolve({status: response.statusCode, body})
      } catch (error) {
        reject(error)
      }
    })
    call.once('timeout', () => call.destroy(new Error('no answer within 35 s')))
    call.once('error', reject)
    call.end(JSON.stringify(content))
  })
}
