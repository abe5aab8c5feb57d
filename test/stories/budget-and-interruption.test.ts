import {expect} from 'chai'
import pg from 'pg'

import type {Shop} from '../../sandbox/shop.js'
import {until} from '../../sandbox/until.js'
import type {Step} from '../../src/lib/runbook/step.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {startStockCommand} from '../support/stock-command.js'
import {cutOver, useSandbox} from '../support/world.js'
import {bearsTraces, failureOf, fenceOf, primaryOf} from './support.js'

/** A function that takes its time on the target, which is Postgres 17, and none on the source, which is 16. */
const SLOW = `create function public.slow(int) returns int immutable language plpgsql as $$
  begin
    if current_setting('server_version_num')::int >= 170000 then perform pg_sleep(60); end if;
    return $1;
  end $$;
  create table public.slow_rows (id int)`

/** The estimate of preflight is minutes; a story has seconds. */
const withoutEstimate = (step: Step): Step =>
  step.id === 'preflight'
    ? {
        ...step,
        run: (migration) => step.run({...migration, settings: {...migration.settings, budgetSeconds: undefined}}),
      }
    : step

describe('Budget and interruption', () => {
  const world = useSandbox()

  const openShop = async (options: {quiet?: true} = {}) => {
    const shop = await world.sandbox.openShop(options.quiet ? {formation: {web: 1}} : {})
    if (options.quiet) return shop
    shop.customersCome()
    await expectBusiness(shop)
    return shop
  }

  const onSource = async (shop: Shop, sql: string) => {
    const client = new pg.Client({connectionString: shop.source.url, ssl: {rejectUnauthorized: false}})
    await client.connect()
    await client.query(sql).finally(() => client.end())
  }

  const windowSeconds = (shop: Shop) => {
    const at = (kind: string) =>
      world.sandbox.heroku.events.findLast((event) => event.app === shop.name && event.kind === kind)!.at
    return (at('maintenance-off') - at('maintenance-on')) / 1000
  }

  const BUDGET = 20
  const slowSource = (step: Step): Step =>
    step.id === 'verify' ? {...step, run: ({source}) => source.query('select pg_sleep(60)').then(() => 'slept')} : step
  for (const [side, prepare, alter] of [
    [
      'the target',
      `${SLOW}; insert into public.slow_rows values (1); create index on public.slow_rows (public.slow(id))`,
      undefined,
    ],
    ['the source', undefined, slowSource],
  ] as const) {
    it(`a statement on ${side} that outlasts the budget is cancelled, and the app is back within the budget`, async () => {
      const shop = await openShop()
      if (prepare) await onSource(shop, prepare)
      const asBefore = stateOf(shop.app)
      const failure = await failureOf(
        cutOver(shop, {
          settings: {budgetSeconds: BUDGET},
          alter: (step) => (alter ?? ((same: Step) => same))(withoutEstimate(step)),
        }),
      )
      expect(failure.code, failure.message).to.equal('budget_exceeded')
      expect(failure.oclif.exit).to.equal(1)
      expect(stateOf(shop.app)).to.deep.equal(asBefore)
      expect(windowSeconds(shop)).to.be.within(BUDGET * 0.7, BUDGET)
      expect(await fenceOf(world.sandbox.source, shop.source.database)).to.equal('absent')
      for (const server of [world.sandbox.source, world.sandbox.target]) {
        const asleep = await server.superuser(
          'postgres',
          `select pid from pg_stat_activity where wait_event = 'PgSleep'`,
        )
        expect(asleep, 'statements still running').to.deep.equal([])
      }
      await expectBusiness(shop)
      await expectCleanLedger(shop, 'source')
    })
  }

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`${signal} during the copy: the stock command undoes everything and ends with 1`, async () => {
      const shop = await openShop()
      // A generated column is computed for every row of the copy.
      await onSource(
        shop,
        `${SLOW}; insert into public.slow_rows values (1), (2), (3); alter table public.slow_rows add slowly int generated always as (public.slow(id)) stored`,
      )
      const asBefore = stateOf(shop.app)
      const cutover = await startStockCommand(world.sandbox, shop, 'rds:cutover')
      await until('the slow copy', 60, async () => {
        const running = await world.sandbox.target.superuser(
          'postgres',
          `select pid from pg_stat_activity where wait_event = 'PgSleep'`,
        )
        return running.length > 0
      })
      const interrupted = Date.now()
      cutover.kill(signal)
      const code = await cutover.exitCode
      const said = cutover.said()
      expect(code, said).to.equal(1)
      expect((Date.now() - interrupted) / 1000, 'seconds until it had undone everything').to.be.lessThan(30)
      expect(said).to.contain('Error: interrupted')
      expect(said).not.to.match(/\n\s+at \S+ \(/)
      expect(stateOf(shop.app)).to.deep.equal(asBefore)
      expect(await bearsTraces(world.sandbox.source, shop.source.database)).to.equal(false)
      await expectBusiness(shop)
      await expectCleanLedger(shop, 'source')
    })
  }

  it('no at the gate, then yes, then back before any write – all with the stock command; and then there and back no more', async () => {
    const {sandbox} = world
    const shop = await openShop({quiet: true})
    const asBefore = stateOf(shop.app)
    const heroku = (command: string, input = '') =>
      sandbox.cli([command, '--app', shop.name, '--confirm', shop.name], {env: shop.env, input})

    const no = await heroku('rds:cutover', 'no\n')
    expect(no.code, no.stderr).to.equal(1)
    expect(no.stderr).to.contain('the gate was answered no')
    expect(stateOf(shop.app)).to.deep.equal(asBefore)
    expect(await bearsTraces(sandbox.source, shop.source.database)).to.equal(false)

    const yes = await heroku('rds:cutover', 'yes\n')
    expect(yes.code, yes.stderr).to.equal(0)
    expect(yes.stdout).to.match(/write pause \d/)
    expect(primaryOf(shop)).to.equal('target')
    expect(await fenceOf(sandbox.source, shop.source.database)).to.equal('raised')

    const back = await heroku('rds:rollback')
    expect(back.code, back.stderr).to.equal(0)
    expect(back.stdout).to.contain(`${shop.name} is back on Heroku Postgres`)
    expect(stateOf(shop.app)).to.deep.equal(asBefore)
    shop.customersCome()
    await expectBusiness(shop)

    const again = await heroku('rds:cutover', 'yes\n')
    expect(again.code, again.stderr).to.equal(0)
    await expectBusiness(shop)
    const live = stateOf(shop.app)
    const refusal = await heroku('rds:rollback')
    expect(refusal.code, refusal.stderr).to.equal(3)
    expect(refusal.stderr.replaceAll(/\s+/g, ' ')).to.match(
      /would lose what was written to RDS .*public\.orders: insert of \d+ rows/,
    )
    expect(stateOf(shop.app)).to.deep.equal(live)
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })
})
