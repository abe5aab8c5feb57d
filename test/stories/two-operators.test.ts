import {isDeepStrictEqual} from 'node:util'

import {expect} from 'chai'

import type {Migration} from '../../src/lib/runbook/migration.js'
import {rollback} from '../../src/lib/runbook/rollback.js'
import {run} from '../../src/lib/runbook/run.js'
import type {Step} from '../../src/lib/runbook/step.js'
import {expectBusiness, expectCleanLedger, expectNeverBothOpen, stateOf} from '../support/app-state.js'
import {dieWhen} from '../support/die.js'
import {until as eventually} from '../../sandbox/until.js'
import {cutOver, operate, rollBack, useSandbox} from '../support/world.js'
import {before, breakLock, failureOf, fenceOf, primaryOf} from './support.js'

describe('Two operators', () => {
  const world = useSandbox()

  const openShop = async () => {
    const shop = await world.sandbox.openShop()
    shop.customersCome()
    await expectBusiness(shop)
    return shop
  }

  it('while one is at work, a second cutover or rollback is refused with the name of the first, and touches nothing', async () => {
    const {sandbox} = world
    const shop = await openShop()
    await cutOver(shop, {
      settings: {gate: 'ask'},
      async decide() {
        const atGate = stateOf(shop.app)
        for (const command of ['rds:cutover', 'rds:rollback']) {
          const second = await sandbox.cli([command, '--app', shop.name, '--confirm', shop.name], {env: shop.env})
          expect(second.code, second.stderr).to.equal(3)
          expect(second.stderr).to.match(/\S+@\S+ has been running a test since \d\d:\d\d:\d\d UTC/)
          expect(second.stdout).to.equal('')
        }
        expect(stateOf(shop.app)).to.deep.equal(atGate)
        expect(await fenceOf(sandbox.source, shop.source.database)).to.equal('raised')
        expect(await fenceOf(sandbox.target, shop.target.database)).to.equal('raised')
        return true
      },
    })
    expect(primaryOf(shop)).to.equal('target')
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  for (const step of ['copy-rows', 'gate']) {
    it(`a run that loses its lock at ${step}, with nobody else there, undoes itself`, async () => {
      const shop = await openShop()
      const asBefore = stateOf(shop.app)
      const {target} = world.sandbox
      const failure = await failureOf(
        cutOver(shop, {
          alter: before(step, async () => expect(await breakLock(target, shop.target.database)).to.equal(1)),
        }),
      )
      expect(failure.code).to.equal('lock_lost')
      expect(failure.oclif.exit).to.equal(1)
      expect(stateOf(shop.app)).to.deep.equal(asBefore)
      await expectBusiness(shop)

      await cutOver(shop)
      expect(primaryOf(shop)).to.equal('target')
      await expectBusiness(shop)
      await expectCleanLedger(shop, 'target')
    })
  }

  it('a run that lost its lock at the gate goes live no more, once another operator has rolled back', async () => {
    const {source, target} = world.sandbox
    const shop = await openShop()
    const asBefore = stateOf(shop.app)
    const failure = await failureOf(
      cutOver(shop, {
        settings: {gate: 'ask'},
        async decide() {
          await breakLock(target, shop.target.database)
          await rollBack(shop)
          expect(stateOf(shop.app)).to.deep.equal(asBefore)
          await expectBusiness(shop)
          return true
        },
      }),
    )
    expect(failure.oclif.exit).to.equal(1)
    expect(failure.code).to.equal('lock_lost')
    expect(stateOf(shop.app)).to.deep.equal(asBefore)
    expect(await fenceOf(source, shop.source.database)).to.equal('absent')
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'source')
  })

  for (const step of ['enter-maintenance', 'stop-writers', 'switch-apps']) {
    it(`a run that slept before ${step}, while another operator rolled back, asks Heroku for no change any more`, async () => {
      const {heroku} = world.sandbox
      const shop = await openShop()
      const asBefore = stateOf(shop.app)
      let woken = 0
      const sleeping = before(step, async () => {
        await breakLock(world.sandbox.target, shop.target.database)
        await rollBack(shop)
        expect(stateOf(shop.app)).to.deep.equal(asBefore)
        woken = heroku.calls.length
      })
      const failure = await failureOf(
        operate(shop, (migration, steps) =>
          run(steps.map(sleeping), {...migration, signal: new AbortController().signal}),
        ),
      )
      expect(failure.message).to.contain('another operator has taken over')
      const changes = heroku.calls.slice(woken).filter(({method, path}) => method !== 'GET' && path.includes(shop.name))
      expect(changes).to.deep.equal([])
      expect(stateOf(shop.app)).to.deep.equal(asBefore)
      await expectBusiness(shop)
      await expectCleanLedger(shop, 'source')
    })
  }

  /** Requests of a window that change something, with their number; `EVERY_STEP=1` tries those that Heroku refuses, too, when they come late. */
  const late = [
    ['maintenance', 'PATCH', '/apps/APP', 2],
    ['the scale to 0', 'PATCH', '/apps/APP/formation', 1],
    ['an attachment', 'POST', '/addon-attachments', 1],
    ['the end of an attachment', 'DELETE', '/addon-attachments/[^/]+', 1],
    ['the new config vars', 'PATCH', '/apps/APP/config-vars', 2],
  ] as const
  for (const [what, method, path, nth] of late.slice(0, process.env['EVERY_STEP'] ? late.length : 3)) {
    it(`what a killed run had asked of Heroku, ${what}, comes true after another operator has rolled back, and is put right`, async () => {
      const {heroku} = world.sandbox
      const shop = await openShop()
      const asBefore = stateOf(shop.app)
      let release = () => {}
      const until = new Promise<void>((resolve) => (release = resolve))
      heroku.faults.add({method, path: new RegExp(`^${path.replace('APP', shop.name)}$`), kind: 'delay', nth, until})
      await dieWhen(shop, 'forward', 'dump-restore', () => heroku.faults.fired.some((fault) => fault.until === until))
      await operate(
        shop,
        async (migration, steps) => {
          await rollback(steps, migration)
          expect(stateOf(shop.app)).to.deep.equal(asBefore)
          release()
          const refused = /^(DELETE|PATCH .*config-vars)/.test(`${method} ${path}`)
          await eventually('the late request to come true', 10, () =>
            Promise.resolve(refused || !isDeepStrictEqual(stateOf(shop.app), asBefore)),
          )
        },
        {lateSeconds: 5},
      )
      expect(stateOf(shop.app)).to.deep.equal(asBefore)
      await expectBusiness(shop)
      await expectCleanLedger(shop, 'source')
    })
  }

  it('a run that lost its lock and does not know can neither open the target, nor thaw the source, nor roll back', async () => {
    const {source, target} = world.sandbox
    const shop = await openShop()
    let first: {migration: Migration; steps: readonly Step[]} | undefined
    const effectOf = (id: string) => first!.steps.find((step) => step.id === id)!
    const undoOf = (id: string) => effectOf(id).undo as (migration: Migration) => Promise<void>

    const everythingTheFirstTries = async () => {
      const {signal} = new AbortController()
      const deaf = {...first!.migration, signal, heroku: first!.migration.heroku.under(signal)}
      const tries = [
        () => effectOf('open').run(deaf),
        () => effectOf('freeze-source').run(deaf),
        () => undoOf('freeze-source')(deaf),
        () => undoOf('install-fence')(deaf),
        () => effectOf('arm-way-back').run(deaf),
        () => rollback(first!.steps, deaf),
        () => run(first!.steps, deaf),
      ]
      for (const tried of tries) {
        expect((await failureOf(tried())).message).to.contain('another operator has taken over')
        expect(await fenceOf(source, shop.source.database)).to.equal('raised')
        expect(await fenceOf(target, shop.target.database)).to.equal('raised')
        await expectNeverBothOpen(shop)
      }
    }

    const failure = await failureOf(
      operate(
        shop,
        (migration, steps) => {
          first = {migration, steps}
          return run(steps, migration)
        },
        {
          settings: {gate: 'ask'},
          async decide() {
            await breakLock(target, shop.target.database)
            await rollBack(shop)
            await expectBusiness(shop)
            await cutOver(shop, {
              settings: {gate: 'ask'},
              decide: async () => (await everythingTheFirstTries(), true),
            })
            return true
          },
        },
      ),
    )
    expect(failure.oclif?.exit, failure.stack).to.equal(1)
    expect(primaryOf(shop), failure.message).to.equal('target')
    expect(shop.app.maintenance).to.equal(false)
    expect(await fenceOf(source, shop.source.database)).to.equal('raised')
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })
})
