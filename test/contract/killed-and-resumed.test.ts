import {expect} from 'chai'

import type {Shop} from '../../sandbox/shop.js'
import {METHODS} from '../../src/lib/methods/index.js'
import {runbookFor} from '../../src/lib/playbook.js'
import {expectBusiness, expectCleanLedger, expectNeverBothOpen} from '../support/app-state.js'
import {cutOverAndDie} from '../support/die.js'
import {triedWith} from '../support/steps.js'
import {cutOver, useSandbox} from '../support/world.js'

describe('One migration, killed after the effect of each step in turn, goes on with the same command', () => {
  const world = useSandbox({sourceReplication: true})

  for (const method of METHODS.filter(({available}) => available)) {
    describe(method.title, () => {
      let shop: Shop
      before(async () => {
        shop = await world.sandbox.openShop()
        shop.customersCome()
        await expectBusiness(shop)
      })
      after(() => shop.close())

      for (const step of runbookFor(method).filter(triedWith(method))) {
        it(`gets as far as ${step.id}, and is killed`, async () => {
          await cutOverAndDie(shop, {method: method.id, after: step.id})
          await expectNeverBothOpen(shop)
        })
      }

      it('finishes, and no write is missing', async () => {
        await cutOver(shop, {method: method.id})
        expect(shop.app.maintenance).to.equal(false)
        expect(shop.app.configVars['DATABASE_URL']).to.contain(shop.target.role)
        await expectBusiness(shop)
        await expectCleanLedger(shop, 'target')
      })
    })
  }
})
