import {expect} from 'chai'

import type {Shop} from '../../sandbox/shop.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOver, useSandbox} from '../support/world.js'

describe("The source's credentials are rotated in the window", () => {
  const world = useSandbox()

  /** As Heroku does it: a new password, every session ended, the config vars changed. */
  const rotate = async (shop: Shop) => {
    const {source, heroku} = world.sandbox
    await source.superuser(shop.source.database, `alter role ${shop.source.user} password 'rotated'`)
    await source.superuser(
      shop.source.database,
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = $1`,
      [shop.source.user],
    )
    heroku.rotateCredentials(shop.addon.name, shop.source.url.replace(shop.source.password, 'rotated'))
  }

  for (const id of ['stop-writers', 'copy-schema', 'switch-apps']) {
    it(`after ${id}: the run, or what it undoes, goes on with the new ones`, async () => {
      const shop = await world.sandbox.openShop()
      shop.customersCome()
      await expectBusiness(shop)
      const before = stateOf(shop.app)
      const outcome = await cutOver(shop, {
        alter: (step) =>
          step.id === id
            ? {...step, run: async (migration) => [await step.run(migration), await rotate(shop)].join('')}
            : step,
      }).then(
        () => 'live',
        () => 'undone',
      )
      expect(stateOf(shop.app).maintenance).to.equal(false)
      await expectBusiness(shop)
      if (outcome === 'undone') expect(stateOf(shop.app).attachments).to.deep.equal(before.attachments)
      await shop.customersLeave()
      if (outcome === 'live') await expectCleanLedger(shop, 'target')
    })
  }
})
