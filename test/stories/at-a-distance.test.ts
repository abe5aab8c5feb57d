import {expect} from 'chai'

import {PROFILES} from '../../sandbox/network/profiles.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOverAndDie} from '../support/die.js'
import {median} from '../support/tcp.js'
import {cutOver, operate, prepare, rollBack, useSandbox} from '../support/world.js'
import {primaryOf} from './support.js'

const CAPTURE = {method: 'change-capture'} as const
const DUMP = {method: 'dump-restore'} as const

describe('At the distance of a laptop', function () {
  this.timeout(300_000)
  const world = useSandbox({distance: 'laptop'})

  async function openBusyShop() {
    const shop = await world.sandbox.openShop()
    shop.customersCome()
    await expectBusiness(shop)
    return shop
  }

  it('a copy follows the busy source, is verified, and cut over; every round trip is that of a laptop', async () => {
    const shop = await openBusyShop()
    await prepare(shop)
    const waits = await operate(
      shop,
      async ({source, target}) => {
        const took: number[] = []
        for (const database of [source, target, source, target, source]) {
          const begun = performance.now()
          await database.query('select 1')
          took.push(performance.now() - begun)
        }
        return took
      },
      CAPTURE,
    )
    expect(Math.min(...waits)).to.be.at.least(PROFILES.laptop.databases.roundTripMs)
    expect(median(waits)).to.be.below(10 * PROFILES.laptop.databases.roundTripMs)

    const verified = await world.sandbox.cli(['rds:verify', '-a', shop.name, '--json'], {env: shop.env})
    expect(verified.code, verified.stderr).to.equal(0)
    expect(JSON.parse(verified.stdout)).to.include({equal: true})
    await cutOver(shop, CAPTURE)
    expect(primaryOf(shop)).to.equal('target')
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  it('a window that was killed in the drain is resumed, and ends with nothing lost', async () => {
    const shop = await openBusyShop()
    await cutOverAndDie(shop, {...CAPTURE, after: 'drain'})
    await cutOver(shop, CAPTURE)
    expect(primaryOf(shop)).to.equal('target')
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  it('a dump that was killed after the switch is rolled back, and taken once more', async () => {
    const shop = await openBusyShop()
    const before = stateOf(shop.app)
    await cutOverAndDie(shop, {...DUMP, after: 'switch-apps'})
    expect(primaryOf(shop)).to.equal('target')
    await rollBack(shop, DUMP)
    expect(stateOf(shop.app)).to.deep.equal(before)
    await expectBusiness(shop)
    await cutOver(shop, DUMP)
    expect(primaryOf(shop)).to.equal('target')
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })
})
