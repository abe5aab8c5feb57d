import {expect} from 'chai'

import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {BUSY, cutOver, rollBack, useSandbox} from '../support/world.js'
import {before, failureOf, primaryOf} from './support.js'

describe('The source restarts in the window', () => {
  const world = useSandbox(BUSY)

  for (const step of ['freeze-source', 'copy-rows', 'gate']) {
    it(`before ${step}: the run finishes or undoes itself; the next one goes live`, async () => {
      const {source} = world.sandbox
      const shop = await world.sandbox.openShop()
      shop.customersCome()
      await expectBusiness(shop)
      const asBefore = stateOf(shop.app)
      const failure = await cutOver(shop, {alter: before(step, () => source.restart({immediate: true}))}).then(
        () => undefined,
        (error: Error & {oclif?: {exit: number}}) => error,
      )
      if (failure) {
        expect(failure.oclif?.exit, String(failure.stack)).to.equal(1)
        expect(failure.message).not.to.contain('\n')
        await rollBack(shop)
        expect(stateOf(shop.app)).to.deep.equal(asBefore)
        await expectBusiness(shop)
        await cutOver(shop)
      }
      expect(primaryOf(shop)).to.equal('target')
      await expectBusiness(shop)
      await expectCleanLedger(shop, 'target')
    })
  }

  it('stays away: one sentence; when it is back, rollback restores the app', async () => {
    const {source} = world.sandbox
    const shop = await world.sandbox.openShop()
    shop.customersCome()
    await expectBusiness(shop)
    const asBefore = stateOf(shop.app)
    try {
      const failure = await failureOf(cutOver(shop, {alter: before('gate', () => source.halt({immediate: true}))}))
      expect(failure.oclif?.exit, String(failure.stack)).to.equal(1)
      expect(failure.message).not.to.contain('\n')
    } finally {
      await source.resume()
    }
    await rollBack(shop)
    expect(stateOf(shop.app)).to.deep.equal(asBefore)
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'source')
  })
})
