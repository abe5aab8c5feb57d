import {expect} from 'chai'

import type {Shop} from '../../sandbox/shop.js'
import {METHODS} from '../../src/lib/methods/index.js'
import {runbookFor} from '../../src/lib/playbook.js'
import {undoneByWindow} from '../../src/lib/runbook/rollback.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOverAndDie, rollBackAndDie} from '../support/die.js'
import {cutOver, rollBack, useSandbox} from '../support/world.js'

describe('A killed run goes back', () => {
  const world = useSandbox({sourceReplication: true})

  for (const method of METHODS.filter(({available}) => available)) {
    const steps = runbookFor(method)

    describe(`${method.title}: killed after the effect of a step, rds:rollback restores the app`, () => {
      for (const step of steps.filter((one) => one.window !== 'after' && !one.pointOfNoCheapReturn)) {
        it(`killed after ${step.id}`, async () => {
          const shop = await world.sandbox.openShop()
          shop.customersCome()
          await expectBusiness(shop)
          const before = stateOf(shop.app)
          await cutOverAndDie(shop, {method: method.id, after: step.id})

          await rollBack(shop)
          expect(stateOf(shop.app)).to.deep.equal(before)
          await expectBusiness(shop)
          await expectCleanLedger(shop, 'source')
        })
      }
    })

    describe(`${method.title}: killed while it undoes a declined gate, rds:rollback goes on, and the next cutover works`, () => {
      for (const step of undoneByWindow(steps, {method}).filter(
        ({undo, pointOfNoCheapReturn}) => typeof undo === 'function' && !pointOfNoCheapReturn,
      )) {
        it(`killed undoing ${step.id}`, async () => {
          const shop = await world.sandbox.openShop()
          shop.customersCome()
          await expectBusiness(shop)
          const before = stateOf(shop.app)
          await cutOverAndDie(shop, {method: method.id, undoing: step.id})

          await rollBack(shop)
          expect(stateOf(shop.app)).to.deep.equal(before)
          await cutOver(shop, {method: method.id})
          await expectBusiness(shop)
          await expectCleanLedger(shop, 'target')
        })
      }
    })

    describe(`${method.title}: opened, not written to yet, and killed on the way back, rds:rollback goes on`, () => {
      const nobodyWrites = {formation: {}}

      it('killed after the effect of open', async () => {
        const shop = await world.sandbox.openShop(nobodyWrites)
        const before = stateOf(shop.app)
        await cutOverAndDie(shop, {method: method.id, after: 'open'})
        await rollBack(shop)
        expect(stateOf(shop.app)).to.deep.equal(before)
        await expectBusinessIsBack(shop)
      })

      for (const step of undoneByWindow(steps, {method}).filter(({undo}) => typeof undo === 'function')) {
        it(`killed undoing ${step.id}`, async () => {
          const shop = await world.sandbox.openShop(nobodyWrites)
          const before = stateOf(shop.app)
          await cutOver(shop, {method: method.id})
          await rollBackAndDie(shop, {method: method.id, undoing: step.id})
          await rollBack(shop)
          expect(stateOf(shop.app)).to.deep.equal(before)
          await expectBusinessIsBack(shop)
        })
      }
    })
  }

  async function expectBusinessIsBack(shop: Shop): Promise<void> {
    shop.app.formation.scale('web', 1)
    shop.customersCome()
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'source')
  }
})
