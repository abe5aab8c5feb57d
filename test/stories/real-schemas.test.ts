import {expect} from 'chai'

import pg from 'pg'

import type {Shop} from '../../sandbox/shop.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOver, operate, prepare, rollBack, useSandbox} from '../support/world.js'
import {failureOf, primaryOf} from './support.js'

const CAPTURE = {method: 'change-capture'} as const

/** What schemas of real apps hold, each of which once stopped a move for nothing; run statement by statement by the owner. */
const SCHEMAS: Record<string, string[]> = {
  'the remains of a failed create index concurrently': [
    'create table users (id serial primary key, email text)',
    `insert into users (email) select 'same' from generate_series(1, 50)`,
    '-- fails: create unique index concurrently users_email on users (email)',
  ],
  'a range type and aggregates of its own': [
    'create type floats as range (subtype = float8)',
    `create aggregate longest (text) (sfunc = textcat, stype = text, initcond = '')`,
    'create table measures (id serial primary key, body text, f floats)',
    `insert into measures (body, f) select 'n' || g, floats(g, g + 1) from generate_series(1, 100) g`,
  ],
  'a constraint trigger': [
    'create table accounts (id serial primary key, amount int)',
    'insert into accounts (amount) select g from generate_series(1, 50) g',
    `create function balance() returns trigger language plpgsql as 'begin return null; end'`,
    `create constraint trigger balance_late after insert on accounts deferrable initially deferred
       for each row execute function balance()`,
  ],
}

describe('A real schema moves, with', () => {
  const world = useSandbox()

  async function load(shop: Shop, statements: readonly string[]): Promise<void> {
    const client = new pg.Client({connectionString: shop.source.url, ssl: {rejectUnauthorized: false}})
    await client.connect()
    try {
      for (const statement of statements) {
        const failing = statement.startsWith('-- fails: ')
        const running = client.query(statement.replace('-- fails: ', ''))
        await (failing ? failureOf(running) : running)
      }
    } finally {
      await client.end()
    }
  }

  for (const [what, statements] of Object.entries(SCHEMAS)) {
    it(`${what}: there without a verification before, back, and there again`, async () => {
      const shop = await world.sandbox.openShop({formation: {web: 1}})
      await load(shop, statements)
      const before = stateOf(shop.app)
      await operate(shop, async (migration) => {
        const {findings} = await migration.assess()
        expect(findings.filter(({level}) => level === 'blocker')).to.deep.equal([])
      })
      await prepare(shop)
      await cutOver(shop, CAPTURE)
      expect(primaryOf(shop)).to.equal('target')
      await rollBack(shop, CAPTURE)
      expect(stateOf(shop.app)).to.deep.equal(before)
      shop.customersCome()
      await expectBusiness(shop)
      await cutOver(shop, CAPTURE)
      await expectBusiness(shop)
      await expectCleanLedger(shop, 'target')
    })
  }
})
