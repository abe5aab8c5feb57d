import {expect} from 'chai'

import type {Step} from '../../src/lib/runbook/step.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOver, rollBack, useSandbox} from '../support/world.js'

describe('RDS goes down in the window', () => {
  const world = useSandbox()

  for (const id of ['freeze-source', 'copy-rows', 'verify', 'switch-apps', 'gate']) {
    it(`after ${id}: the run brings the app back by itself, and rollback clears up when RDS is there again`, async () => {
      const {target} = world.sandbox
      const shop = await world.sandbox.openShop()
      shop.customersCome()
      await expectBusiness(shop)
      const before = stateOf(shop.app)
      const goDown = (step: Step): Step =>
        step.id === id
          ? {
              ...step,
              run: async (migration) => [await step.run(migration), await target.halt({immediate: true})].join(''),
            }
          : step

      await cutOver(shop, {alter: goDown}).then(
        () => expect.fail('a cutover without a target cannot succeed'),
        (error: {code: string; message: string}) => expect(error.code, error.message).to.equal('undo_incomplete'),
      )
      expect(stateOf(shop.app)).to.deep.equal(before)
      await expectBusiness(shop)

      await target.resume()
      await rollBack(shop)
      expect(stateOf(shop.app)).to.deep.equal(before)
      await cutOver(shop)
      await expectBusiness(shop)
      await expectCleanLedger(shop, 'target')
    })
  }
})
