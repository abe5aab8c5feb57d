import {expect} from 'chai'

import {attach} from '../../sandbox/heroku/attachments.js'
import type {Shop} from '../../sandbox/shop.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOver, rollBack, useSandbox} from '../support/world.js'

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

  it('in the hold, where an app has a copy of the URL: a rollback restores it with the password of today', async () => {
    const shop = await world.sandbox.openShop({
      formation: {web: 1},
      connect({app, addon, source}) {
        app.ownVars.set('DATABASE_URL', `${source.url}?connection_limit=5`)
        attach(app.platform, {app, addon, name: 'HEROKU_POSTGRESQL_AMBER', namespace: null})
      },
    })
    const url = shop.app.configVars['DATABASE_URL']!
    await cutOver(shop)
    await rotate(shop)
    await rollBack(shop)
    expect(shop.app.configVars['DATABASE_URL']).to.equal(url.replace(shop.source.password, 'rotated'))
    shop.customersCome()
    await expectBusiness(shop)
  })

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
