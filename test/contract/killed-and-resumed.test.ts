import {expect} from 'chai'

import {METHODS} from '../../src/lib/methods/index.js'
import {runbookFor} from '../../src/lib/playbook.js'
import {expectBusiness, expectCleanLedger, expectNeverBothOpen} from '../support/app-state.js'
import {cutOverAndDie} from '../support/die.js'
import {triedWith} from '../support/steps.js'
import {cutOver, useSandbox} from '../support/world.js'

describe('Killed after the effect of a step, the same command goes on and finishes', () => {
  const world = useSandbox({sourceReplication: true})

  for (const method of METHODS.filter(({available}) => available)) {
    for (const step of runbookFor(method).filter(triedWith(method))) {
      it(`${method.id}: killed after ${step.id}`, async () => {
        const shop = await world.sandbox.openShop()
        shop.customersCome()
        await expectBusiness(shop)
        await cutOverAndDie(shop, {method: method.id, after: step.id})
        await expectNeverBothOpen(shop)

        await cutOver(shop, {method: method.id})
        expect(shop.app.maintenance).to.equal(false)
        expect(shop.app.configVars['DATABASE_URL']).to.contain(shop.target.role)
        await expectBusiness(shop)
        await expectCleanLedger(shop, 'target')
      })
    }
  }
})
