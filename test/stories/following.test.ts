import {expect} from 'chai'

import type {Shop} from '../../sandbox/shop.js'
import {until} from '../../sandbox/until.js'
import {bearsTraces, catalogOfSource, failureOf, fenceOf, primaryOf} from './support.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOver, operate, prepare, rollBack, useSandbox} from '../support/world.js'
import {abandon} from '../../src/lib/actions/abandon.js'
import {finishMigration} from '../../src/lib/actions/finish.js'
import {USUAL_PACE} from '../../src/lib/flow/pace.js'

const CAPTURE = {method: 'change-capture'} as const

describe('A copy that follows', () => {
  const world = useSandbox()

  const catalogOf = (shop: Shop) => catalogOfSource(world.sandbox, shop)

  async function openBusyShop(): Promise<Shop> {
    const shop = await world.sandbox.openShop()
    shop.customersCome()
    await expectBusiness(shop)
    return shop
  }

  it('goes on after a no at the gate, and the next window needs no new copy', async () => {
    const shop = await openBusyShop()
    const before = stateOf(shop.app)
    await prepare(shop)
    const declined = await failureOf(
      cutOver(shop, {...CAPTURE, settings: {gate: 'ask'}, decide: () => Promise.resolve(false)}),
    )
    expect(declined.code).to.equal('gate_declined')
    expect(stateOf(shop.app)).to.deep.equal(before)
    expect(await fenceOf(world.sandbox.source, shop.source.database)).to.equal('lowered')
    await expectBusiness(shop)

    const evidence: Record<string, string> = {}
    await operate(
      shop,
      async (migration) => {
        const stop = new AbortController()
        let syncs = 0
        const operator = {...migration.operator, following: () => void (++syncs === 3 && stop.abort())}
        await migration.method.follow!.keepInStep(
          {...migration, operator, signal: stop.signal},
          {...USUAL_PACE, pauseMs: 20},
        )
        for (const {step, evidence: proof} of await migration.journal.records()) evidence[step] = proof ?? ''
      },
      CAPTURE,
    )
    await cutOver(shop, CAPTURE)
    expect(primaryOf(shop)).to.equal('target')
    await operate(
      shop,
      async ({journal}) => {
        for (const {step, evidence: proof} of await journal.records()) {
          if (['copy-schema', 'copy-rows', 'install-capture'].includes(step))
            expect(proof, step).to.equal(evidence[step])
        }
      },
      CAPTURE,
    )
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  it('goes on after a rollback from RDS on which nothing was written', async () => {
    const shop = await world.sandbox.openShop({formation: {}})
    const before = stateOf(shop.app)
    await cutOver(shop, CAPTURE)
    expect(primaryOf(shop)).to.equal('target')
    await rollBack(shop, CAPTURE)
    expect(stateOf(shop.app)).to.deep.equal(before)
    shop.app.formation.scale('web', 1)
    shop.customersCome()
    await expectBusiness(shop)
    await cutOver(shop, CAPTURE)
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  it('given up leaves the source as it was, object by object', async () => {
    const shop = await openBusyShop()
    const before = await catalogOf(shop)
    await prepare(shop)
    expect(await catalogOf(shop)).to.not.deep.equal(before)
    await operate(shop, (migration) => abandon(migration), CAPTURE)
    expect(await catalogOf(shop)).to.deep.equal(before)
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'source')
  })

  it('that is finished leaves the source as it was, and refuses to take writes there', async () => {
    const shop = await openBusyShop()
    const before = await catalogOf(shop)
    await cutOver(shop, CAPTURE)
    await expectBusiness(shop)
    const early = await failureOf(operate(shop, (m) => finishMigration(m, {now: false}), CAPTURE))
    expect(early.code).to.equal('on_hold')
    for (let times = 0; times < 2; times++) {
      await operate(shop, (m) => finishMigration(m, {now: true}), CAPTURE)
      expect(await catalogOf(shop)).to.deep.equal(before)
    }
    const [setting] = await world.sandbox.source.superuser<{there: boolean}>(
      shop.source.database,
      `select exists (select from pg_db_role_setting s, unnest(setconfig) c where c = 'default_transaction_read_only=on'
         and setdatabase = (select oid from pg_database where datname = current_database())) as there`,
    )
    expect(setting).to.deep.equal({there: true})
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  it('is given up by the stock command when its target is gone', async () => {
    const shop = await openBusyShop()
    const before = await catalogOf(shop)
    await prepare(shop)
    await world.sandbox.target.superuser('postgres', `drop database "${shop.target.database}" with (force)`)
    const {code, stdout} = await world.sandbox.cli(
      ['rds:start', '-a', shop.name, '--abandon', '--confirm', shop.name],
      {env: shop.env},
    )
    expect(stdout).to.contain('cleared the source; the other is gone')
    expect(code).to.equal(0)
    expect(await catalogOf(shop)).to.deep.equal(before)
    await expectBusiness(shop)
  })

  it('is finished by the stock command when its source is gone', async () => {
    const shop = await openBusyShop()
    await cutOver(shop, CAPTURE)
    await expectBusiness(shop)
    const {code, stdout, stderr} = await world.sandbox.cli(
      [
        'rds:finish',
        '-a',
        shop.name,
        '--now',
        '--confirm',
        shop.name,
        '--destroy-source',
        shop.app.attachments[0]!.addon.name,
      ],
      {env: shop.env},
    )
    expect(code, stderr).to.equal(0)
    expect(stdout).to.contain('is destroyed')
    await until('the add-on to be gone', 10, () => Promise.resolve(shop.app.attachments.length === 0))
    const again = await world.sandbox.cli(['rds:finish', '-a', shop.name, '--now', '--confirm', shop.name], {
      env: shop.env,
    })
    expect(again.code, again.stderr).to.equal(0)
    expect(again.stdout).to.contain('cleared the target; the other is gone')
    await expectBusiness(shop)
  })

  it('is not followed by two at once, and told about while one does', async () => {
    const shop = await openBusyShop()
    await prepare(shop)
    const second = await operate(
      shop,
      () => world.sandbox.cli(['rds:start', '-a', shop.name, '--confirm', shop.name], {env: shop.env}),
      CAPTURE,
    )
    expect(second.code).to.equal(3)
    expect(second.stderr).to.contain('has been running a test since')
    const status = await world.sandbox.cli(['rds:status', '-a', shop.name, '--json'], {env: shop.env})
    const {phase, lag} = JSON.parse(status.stdout) as {phase: string; lag: {pending: number; followed: boolean}}
    expect({phase, followed: lag.followed}).to.deep.equal({phase: 'following', followed: false})
    expect(lag.pending).to.be.above(0)
    const verified = await world.sandbox.cli(['rds:verify', '-a', shop.name, '--json'], {env: shop.env})
    expect(verified.code, verified.stderr).to.equal(0)
    expect(JSON.parse(verified.stdout)).to.include({equal: true, app: shop.name})
    expect(await bearsTraces(world.sandbox.source, shop.source.database)).to.equal(true)
  })
})
