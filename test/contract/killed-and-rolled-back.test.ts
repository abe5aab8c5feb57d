import {expect} from 'chai'

import type {Shop, ShopOptions} from '../../sandbox/shop.js'
import {METHODS} from '../../src/lib/methods/index.js'
import {runbookFor} from '../../src/lib/playbook.js'
import {undoneByWindow} from '../../src/lib/runbook/rollback.js'
import {type AppState, expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOverAndDie, rollBackAndDie} from '../support/die.js'
import {triedWith} from '../support/steps.js'
import {cutOver, rollBack, useSandbox} from '../support/world.js'

describe('A killed run goes back, and a later one may try again', () => {
  const world = useSandbox({sourceReplication: true})
  let shop: Shop
  let state: AppState

  /** One shop for the tests of a `describe`. */
  function useShop(options?: ShopOptions): void {
    before(async () => {
      shop = await world.sandbox.openShop(options)
      state = stateOf(shop.app)
    })
    after(() => shop.close())
  }

  async function expectRolledBack(): Promise<void> {
    await rollBack(shop)
    expect(stateOf(shop.app)).to.deep.equal(state)
  }

  for (const method of METHODS.filter(({available}) => available)) {
    const steps = runbookFor(method)
    const tried = steps.filter(triedWith(method))
    const undone = undoneByWindow(steps, {method}).filter(
      (step) => typeof step.undo === 'function' && triedWith(method)(step),
    )

    describe(`${method.title}: killed after the effect of a step, rds:rollback restores the app`, () => {
      useShop()
      before(() => shop.customersCome())
      for (const step of tried.filter((one) => one.window !== 'after' && !one.pointOfNoCheapReturn)) {
        it(`killed after ${step.id}`, async () => {
          await expectBusiness(shop)
          await cutOverAndDie(shop, {method: method.id, after: step.id})
          await expectRolledBack()
        })
      }
      it('no write is missing', async () => {
        await expectBusiness(shop)
        await expectCleanLedger(shop, 'source')
      })
    })

    describe(`${method.title}: killed while it undoes a declined gate, rds:rollback goes on`, () => {
      useShop()
      before(() => shop.customersCome())
      for (const step of undone.filter(({pointOfNoCheapReturn}) => !pointOfNoCheapReturn)) {
        it(`killed undoing ${step.id}`, async () => {
          await expectBusiness(shop)
          await cutOverAndDie(shop, {method: method.id, undoing: step.id})
          await expectRolledBack()
        })
      }
      it('the next cutover works, and no write is missing', async () => {
        await expectBusiness(shop)
        await cutOver(shop, {method: method.id})
        await expectBusiness(shop)
        await expectCleanLedger(shop, 'target')
      })
    })

    describe(`${method.title}: opened, not written to yet, and killed on the way back, rds:rollback goes on`, () => {
      useShop({formation: {}})
      it('killed after the effect of open', async () => {
        await cutOverAndDie(shop, {method: method.id, after: 'open'})
        await expectRolledBack()
      })
      for (const step of undone) {
        it(`killed undoing ${step.id}`, async () => {
          await cutOver(shop, {method: method.id})
          await rollBackAndDie(shop, {method: method.id, undoing: step.id})
          await expectRolledBack()
        })
      }
      it('no write is missing', async () => {
        shop.app.formation.scale('web', 1)
        shop.customersCome()
        await expectBusiness(shop)
        await expectCleanLedger(shop, 'source')
      })
    })
  }
})
