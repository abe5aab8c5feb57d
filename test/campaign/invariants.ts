import {expect} from 'chai'

import {definitionsOf, differencesOf} from '../../bench/schemas/compare/definitions.js'
import type {Sandbox} from '../../sandbox/sandbox.js'
import type {Shop} from '../../sandbox/shop.js'
import {CA_COMPANIONS} from '../../src/lib/apps/target-url.js'
import {type AppState, expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {fenceOf, primaryOf} from '../stories/support.js'
import type {Scene} from './chaos.js'

type Changed = Scene['changed']

/** The app is on the target, as it was but for its database, and what colleagues changed. */
export async function expectLive(sandbox: Sandbox, shop: Shop, before: AppState, changed: Changed): Promise<void> {
  expect(primaryOf(shop)).to.equal('target')
  expect(await fenceOf(sandbox.source, shop.source.database)).to.equal('raised')
  const now = stateOf(shop.app)
  expectApp(now, before, changed)
  const moved = ['DATABASE_URL', 'HEROKU_POSTGRESQL_OLD_URL', 'COLOUR', ...CA_COMPANIONS]
  const kept = ({configVars}: AppState) =>
    Object.fromEntries(Object.entries(configVars).filter(([name]) => !moved.includes(name)))
  expect(kept(now)).to.deep.equal(kept(before))
  expect(now.attachments.length).to.equal(1)
  const [one, other] = await Promise.all([
    definitionsOf(sandbox.source.superuserUrl(shop.source.database)),
    definitionsOf(sandbox.target.superuserUrl(shop.target.database)),
  ])
  expect(differencesOf(one, other, ['source', 'target'])).to.deep.equal([])
  await expectBusiness(shop)
  await expectCleanLedger(shop, 'target')
}

/** The app is on the source, as it was, but for what colleagues changed. */
export async function expectBack(shop: Shop, before: AppState, changed: Changed): Promise<void> {
  const now = stateOf(shop.app)
  expectApp(now, before, changed)
  const {COLOUR, ...vars} = now.configVars
  expect(vars).to.deep.equal(before.configVars)
  expect(now.attachments).to.deep.equal(before.attachments)
  await expectBusiness(shop)
  await expectCleanLedger(shop, 'source')
}

function expectApp(now: AppState, before: AppState, {quantities, vars}: Changed): void {
  expect(now.maintenance, 'maintenance').to.equal(before.maintenance)
  expect(now.preboot, 'preboot').to.equal(before.preboot)
  expect(now.formation['web'], 'web dynos').to.equal(before.formation['web'])
  expect([...quantities], 'workers').to.include(now.formation['worker'])
  for (const [name, value] of vars) expect(now.configVars[name]).to.equal(value)
}

/** Nothing of the tool's on the source; nothing at all on a target that was given up. */
export async function expectNothingLeft(sandbox: Sandbox, shop: Shop, end: 'back' | 'live'): Promise<void> {
  const left = await sandbox.source.superuser<{what: string}>(
    shop.source.database,
    `select 'schema ' || nspname as what from pg_namespace where nspname = 'heroku_rds'
     union all select 'trigger ' || tgname from pg_trigger where tgname ~ 'heroku_rds'
     union all select 'publication ' || pubname from pg_publication
     union all select 'slot ' || slot_name from pg_replication_slots where database = current_database()`,
  )
  expect(left.map(({what}) => what)).to.deep.equal([])
  if (end === 'live') return
  const tables = await sandbox.target.superuser<{name: string}>(
    shop.target.database,
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'S', 'v') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'heroku_rds')`,
  )
  expect(tables.map(({name}) => name)).to.deep.equal([])
}

/** No credential and no row in anything that was printed. */
export function expectDiscreet(outputs: readonly string[], shop: Shop): void {
  const all = outputs.join('\n')
  const secrets = [shop.source.url, shop.target.url].map((url) => decodeURIComponent(new URL(url).password))
  secrets.push(shop.env['HEROKU_API_KEY']!)
  for (const secret of secrets) expect(all.includes(secret), 'a credential was printed').to.equal(false)
  for (const {ref} of shop.ledger()) expect(all.includes(ref), `a row was printed: ${ref}`).to.equal(false)
}
