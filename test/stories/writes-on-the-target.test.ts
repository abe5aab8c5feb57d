import {expect} from 'chai'

import {expectBusiness, expectCleanLedger} from '../support/app-state.js'
import {ask} from '../support/servers.js'
import {cutOver, prepare, useSandbox} from '../support/world.js'
import {failureOf, primaryOf} from './support.js'

const CAPTURE = {method: 'change-capture'} as const
const inDyno = (sql: string) => `psql "$DATABASE_URL" -XAtqc "${sql}"`

/** By what the difference is in: rows that are there, or not, with other values; of a partition; of an heir, by its parent. */
const LEFT: Record<string, string> = {
  things: `insert into things values (999, 'smoke'); delete from things where id = 6; update things set v = 'smoke' where id = 7`,
  days: `insert into days_1 values (1, 'smoke')`,
  heir: `update kin set v = 'smoke'`,
}
const SCHEMA = `
  create table things (id int primary key, v text); insert into things select n, 'v' from generate_series(1, 20) n;
  create table days (day int primary key, v text) partition by range (day);
  create table days_1 partition of days for values from (0) to (10); insert into days values (5, 'v');
  create table kin (id int primary key, v text); insert into kin values (1, 'v');
  create table heir (own int, primary key (id)) inherits (kin); insert into heir values (2, 'v', 3)`

describe('What a smoke command wrote in a window that came to nothing', () => {
  const world = useSandbox()

  it('is found before the next window begins, and a repair makes the copy equal again', async () => {
    const shop = await world.sandbox.openShop()
    await ask(shop.source.url, SCHEMA)
    await prepare(shop)
    const declined = await failureOf(
      cutOver(shop, {
        ...CAPTURE,
        settings: {gate: 'ask', smokeCommand: inDyno(Object.values(LEFT).join('; '))},
        decide: () => Promise.resolve(false),
      }),
    )
    expect(declined.code, declined.message).to.equal('gate_declined')

    const {sandbox} = world
    const windows = () => sandbox.heroku.events.filter(({kind}) => kind === 'maintenance-on').length
    const before = windows()
    const failure = await failureOf(cutOver(shop, CAPTURE))
    expect(failure.code, failure.message).to.equal('not_equal')
    for (const table of Object.keys(LEFT)) expect(failure.message).to.include(table)
    expect(failure.suggestions.join()).to.include('rds:verify --repair')
    expect(windows(), 'windows').to.equal(before)

    const repair = await sandbox.cli(['rds:verify', '--repair', '-a', shop.name], {
      env: shop.env,
    })
    expect(repair.stdout + repair.stderr).to.match(/things|days|heir|kin/)
    shop.customersCome()
    await expectBusiness(shop)
    await cutOver(shop, CAPTURE)
    expect(primaryOf(shop)).to.equal('target')
    const rows = `select array(select t::text from things t order by 1), array(select t::text from days t order by 1), array(select t::text from kin t order by 1)`
    expect(await ask(shop.target.url, rows)).to.deep.equal(await ask(shop.source.url, rows))
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })
})
