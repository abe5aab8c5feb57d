import {expect} from 'chai'

import type {Shop} from '../../sandbox/shop.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOver, rollBack, useSandbox} from '../support/world.js'
import {after, bearsTraces, failureOf, fenceOf, primaryOf} from './support.js'

describe('Two targets', () => {
  const world = useSandbox()

  it('a second target for the same source is refused, in the window and after it, and the first is unharmed', async () => {
    const {sandbox} = world
    const shop = await sandbox.openShop()
    const second = await sandbox.rds.createTargetDatabase()
    const elsewhere: Shop = {...shop, target: second, env: {...shop.env, RDS_DATABASE_URL: second.url}}
    shop.customersCome()
    await expectBusiness(shop)

    const moving = `this source is being moved to another target, localhost:${sandbox.target.port}/${shop.target.database}`
    const expectRefused = async (work: () => Promise<unknown>, because: string) => {
      const now = stateOf(shop.app)
      const failure = await failureOf(work())
      expect(failure.oclif.exit, failure.message).to.equal(3)
      expect(failure.message).to.equal(because)
      expect(stateOf(shop.app)).to.deep.equal(now)
      expect(await fenceOf(sandbox.target, second.database)).to.equal('absent')
      process.env['RDS_DATABASE_URL'] = shop.target.url
    }
    await cutOver(shop, {
      alter: after('install-fence', () => expectRefused(() => cutOver(elsewhere), moving)),
      settings: {gate: 'ask'},
      async decide() {
        // The app is switched, and its source has no name there any more: who began the move remembers which it was.
        await expectRefused(() => cutOver(elsewhere), moving)
        await expectRefused(() => rollBack(elsewhere), moving)
        return true
      },
    })
    await expectBusiness(shop)
    expect(primaryOf(shop)).to.equal('target')
    expect(await fenceOf(sandbox.source, shop.source.database)).to.equal('raised')

    const live = stateOf(shop.app)
    for (const database of ['DATABASE', 'HEROKU_POSTGRESQL_OLD']) {
      const args = ['rds:cutover', database, '--app', shop.name, '--confirm', shop.name]
      const {code, stderr} = await sandbox.cli(args, {env: elsewhere.env})
      expect(code, stderr).to.equal(3)
      expect(stderr).to.match(/none of its\s+add-ons|moved to another\s+target/)
    }
    expect(stateOf(shop.app)).to.deep.equal(live)
    expect(await bearsTraces(sandbox.target, second.database), 'traces in the second target').to.equal(false)
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })
})
