import {expect} from 'chai'

import type {Generation} from '../../sandbox/postgres/heroku-objects.js'
import type {Shop} from '../../sandbox/shop.js'
import {abandon} from '../../src/lib/actions/abandon.js'
import {finishMigration} from '../../src/lib/actions/finish.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOver, operate, prepare, rollBack, useSandbox} from '../support/world.js'
import {catalogOfSource, failureOf, primaryOf} from './support.js'

const CAPTURE = {method: 'change-capture'} as const
const DUMP = {method: 'dump-restore'} as const

/** One of Heroku's under a name that no list knows, and one of the customer's own. */
const MORE = `
  create function _heroku.log_create_ext() returns event_trigger language plpgsql security definer as 'begin end';
  create event trigger postgis_after_create on ddl_command_end execute function _heroku.log_create_ext();
  create function public.on_ddl() returns event_trigger language plpgsql as 'begin end';
  create event trigger customers_own on ddl_command_end execute function public.on_ddl();`

/** The shops of all other stories hold the newer ones. */
describe("Heroku's own objects in the source", () => {
  const world = useSandbox()
  const catalogOf = (shop: Shop) => catalogOfSource(world.sandbox, shop)

  async function openBusyShop(generation: Generation): Promise<Shop> {
    const shop = await world.sandbox.openShop({generation, formation: {web: 1}})
    await world.sandbox.source.superuser(shop.source.database, MORE)
    shop.customersCome()
    await expectBusiness(shop)
    return shop
  }

  const assessed = async (shop: Shop) => {
    const {stdout} = await world.sandbox.cli(['rds:assess', '-a', shop.name, '--json'], {env: shop.env})
    return JSON.parse(stdout) as {findings: {check: string; what: string; level: string}[]}
  }

  it('neither travel nor stand in the way of change capture', async () => {
    const shop = await openBusyShop('older')
    const before = await catalogOf(shop)
    const app = stateOf(shop.app)
    await prepare(shop)
    await operate(shop, (migration) => abandon(migration), CAPTURE)
    expect(await catalogOf(shop)).to.deep.equal(before)
    await failureOf(cutOver(shop, {...CAPTURE, settings: {gate: 'ask'}, decide: () => Promise.resolve(false)}))
    expect(stateOf(shop.app)).to.deep.equal(app)
    await cutOver(shop, CAPTURE)
    expect(primaryOf(shop)).to.equal('target')
    const there = await world.sandbox.target.superuser(shop.target.database, 'select evtname from pg_event_trigger')
    expect(there).to.deep.equal([])
    await expectBusiness(shop)
    await operate(shop, (m) => finishMigration(m, {now: true}), CAPTURE)
    expect(await catalogOf(shop)).to.deep.equal(before)
    await expectCleanLedger(shop, 'target')
  })

  it('neither travel nor stand in the way of dump-restore and its rollback', async () => {
    const shop = await openBusyShop('older')
    const before = await catalogOf(shop)
    const app = stateOf(shop.app)
    await shop.customersLeave()
    await cutOver(shop, DUMP)
    expect(primaryOf(shop)).to.equal('target')
    await rollBack(shop, DUMP)
    expect(stateOf(shop.app)).to.deep.equal(app)
    expect(await catalogOf(shop)).to.deep.equal(before)
    shop.customersCome()
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'source')
  })

  it('are not told of by an assessment; an event trigger of the customer is', async () => {
    const shop = await openBusyShop('newer')
    const {findings} = await assessed(shop)
    const told = findings.filter(({what}) =>
      /event trigger|_heroku|pg_stat_statements|heroku_admin|rdsadmin/.test(what),
    )
    expect(told.map(({what}) => what)).to.deep.equal([
      'event trigger customers_own is not copied to RDS, where only the master user can create one',
    ])
  })

  it('are needed where a view of the customer rests on them', async () => {
    const shop = await openBusyShop('newer')
    await world.sandbox.source.superuser(
      shop.source.database,
      'create view public.slow as select query, calls from public.pg_stat_statements',
    )
    const {findings} = await assessed(shop)
    const told = findings.filter(({what}) => what.includes('pg_stat_statements')).map(({check}) => check)
    expect(told).to.deep.equal(['preloaded-extensions', 'target-extension-rights'])
  })
})
