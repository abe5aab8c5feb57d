import {expect} from 'chai'

import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOver, rollBack, useSandbox} from '../support/world.js'
import {failureOf, primaryOf} from './support.js'

const WRITE = `insert into events (ref, kind) values (gen_random_uuid(), 'smoke')`
const inDyno = (sql: string) => `psql "$DATABASE_URL" -XAtqc "${sql}"`

describe('Smoke tests', () => {
  const world = useSandbox()

  const smokeEvents = async (database: string) => {
    const [row] = await world.sandbox.target.superuser<{count: number}>(
      database,
      `select count(*)::int as count from public.events where kind = 'smoke'`,
    )
    return row!.count
  }

  it('the smoke SQL names tables as the app does, writes through the fence, and is rolled back', async () => {
    const shop = await world.sandbox.openShop()
    shop.customersCome()
    await expectBusiness(shop)
    await cutOver(shop, {
      settings: {smokeSql: `${WRITE}; update products set stock = stock + 1; select count(*) from orders`},
    })
    expect(primaryOf(shop)).to.equal('target')
    expect(await smokeEvents(shop.target.database)).to.equal(0)
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  for (const {what, settings, code, says} of [
    {
      what: 'SQL',
      settings: {smokeSql: `${WRITE}; select 1 / (select 0)`},
      code: 'smoke_sql_failed',
      says: /division by zero/,
    },
    {
      what: 'SQL with a commit',
      settings: {smokeSql: 'create temporary table nothing (); commit'},
      code: 'smoke_sql_committed',
      says: /ended the transaction/,
    },
    {
      what: 'command',
      settings: {smokeCommand: `${inDyno(WRITE)}; ${inDyno('select 1 / 0')}`},
      code: 'smoke_command_failed',
      says: /exit code 1$/,
    },
  ]) {
    it(`a smoke ${what} that fails: everything is undone`, async () => {
      const shop = await world.sandbox.openShop()
      shop.customersCome()
      await expectBusiness(shop)
      const asBefore = stateOf(shop.app)
      const failure = await failureOf(cutOver(shop, {settings}))
      expect(failure.code, failure.message).to.equal(code)
      expect(failure.message).to.match(says)
      expect(failure.oclif.exit).to.equal(1)
      expect(stateOf(shop.app)).to.deep.equal(asBefore)
      await expectBusiness(shop)
      await expectCleanLedger(shop, 'source')
    })
  }

  it('what a smoke command has written is named at the gate, and does not stand in the way of a rollback', async () => {
    const shop = await world.sandbox.openShop({formation: {web: 1}})
    const asBefore = stateOf(shop.app)
    let evidence = ''
    await cutOver(shop, {
      settings: {gate: 'ask', smokeCommand: inDyno(WRITE)},
      decide({proofs}) {
        evidence = proofs.find(({subject}) => subject === 'Smoke test')?.proof ?? ''
        return Promise.resolve(true)
      },
    })
    expect(evidence).to.contain('the smoke command ended with exit code 0')
    expect(evidence).to.contain('what it wrote stays: public.events: insert of 1 rows')
    expect(await smokeEvents(shop.target.database)).to.equal(1)

    await rollBack(shop)
    expect(stateOf(shop.app)).to.deep.equal(asBefore)
    shop.customersCome()
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'source')
  })
})
