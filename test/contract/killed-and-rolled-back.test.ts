import {expect} from 'chai'

import type {Shop} from '../../sandbox/shop.js'
import {METHODS} from '../../src/lib/methods/index.js'
import {runbookFor} from '../../src/lib/playbook.js'
import {undoneByWindow} from '../../src/lib/runbook/rollback.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOverAndDie, rollBackAndDie} from '../support/die.js'
import {triedWith} from '../support/steps.js'
import {cutOver, rollBack, useSandbox} from '../support/world.js'

describe('A killed run goes back', () => {
  const world = useSandbox({sourceReplication: true})

  for (const method of METHODS.filter(({available}) => available)) {
    const steps = runbookFor(method)
    const tried = steps.filter(triedWith(method))
    const undone = undoneByWindow(steps, {method}).filter(
      (step) => typeof step.undo === 'function' && triedWith(method)(step),
    )

    describe(`${method.title}: killed after the effect of a step, rds:rollback restores the app`, () => {
      for (const step of tried.filter((one) => one.window !== 'after' && !one.pointOfNoCheapReturn)) {
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
      for (const step of undone.filter(({pointOfNoCheapReturn}) => !pointOfNoCheapReturn)) {
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

      for (const step of undone) {
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
