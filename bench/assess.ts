// How long `heroku rds:assess` takes on a database with thousands of tables.
import {parseArgs} from 'node:util'

import pg from 'pg'

import {startSandbox} from '../sandbox/sandbox.js'
import {makeDurable} from './durability.js'

const {values} = parseArgs({options: {tables: {type: 'string', default: '5000'}, runs: {type: 'string', default: '3'}}})
const tables = Number(values.tables)

const sandbox = await startSandbox()
try {
  console.log(await makeDurable([sandbox.source, sandbox.target]))
  const shop = await sandbox.openShop({formation: {}})
  const client = new pg.Client({connectionString: shop.source.url, ssl: {rejectUnauthorized: false}})
  await client.connect()
  for (let first = 1; first <= tables; first += 200) {
    await client.query(`
      do $$ begin
        for n in ${first} .. least(${first + 199}, ${tables}) loop
          execute format('create table public.t_%s (id bigint generated always as identity primary key, ref bigint, note text)', n);
          execute format('create index on public.t_%s (ref)', n);
        end loop;
      end $$`)
  }
  await client.end()
  const seconds: number[] = []
  for (let run = 0; run < Number(values.runs); run++) {
    const begun = performance.now()
    const {code, stderr} = await sandbox.cli(['rds:assess', '-a', shop.name, '--json'], {env: shop.env})
    if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`)
    seconds.push((performance.now() - begun) / 1000)
  }
  const sorted = seconds.sort((a, b) => a - b)
  console.log(
    `rds:assess on ${tables} tables: median ${sorted[Math.floor(sorted.length / 2)]!.toFixed(2)} s, ${sorted[0]!.toFixed(2)} to ${sorted.at(-1)!.toFixed(2)} s`,
  )
} finally {
  await sandbox.stop()
}
