import {expect} from 'chai'

import {expectBusiness, expectCleanLedger, expectNeverBothOpen, stateOf} from '../support/app-state.js'
import {BUSY, cutOver, rollBack, useSandbox} from '../support/world.js'
import {before, failureOf, primaryOf} from './support.js'

describe('The target dies in the window', () => {
  const world = useSandbox(BUSY)

  for (const step of ['copy-rows', 'gate']) {
    for (const {next, go, primary} of [
      {next: 'the same command finishes', go: cutOver, primary: 'target'},
      {next: 'rollback restores the app', go: rollBack, primary: 'source'},
    ] as const) {
      it(`before ${step}: one sentence; when it is back, ${next}`, async () => {
        const {target} = world.sandbox
        const shop = await world.sandbox.openShop()
        shop.customersCome()
        await expectBusiness(shop)
        const asBefore = stateOf(shop.app)
        try {
          const failure = await failureOf(cutOver(shop, {alter: before(step, () => target.halt({immediate: true}))}))
          expect(failure.oclif?.exit, String(failure)).to.equal(1)
          expect(failure.message).not.to.contain('\n')
          expect(failure.message).not.to.match(/relation|does not exist/)
          expect(stateOf(shop.app), 'the app, which is back without the target').to.deep.equal(asBefore)
          await expectBusiness(shop)
        } finally {
          await target.resume()
        }
        await expectNeverBothOpen(shop)
        await go(shop)
        expect(primaryOf(shop)).to.equal(primary)
        if (primary === 'source') expect(stateOf(shop.app)).to.deep.equal(asBefore)
        await expectBusiness(shop)
        await expectCleanLedger(shop, primary)
      })
    }
  }
})
