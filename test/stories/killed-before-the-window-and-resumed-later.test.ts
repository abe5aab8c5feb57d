import {expect} from 'chai'

import {until} from '../../sandbox/until.js'
import {expectBusiness, expectCleanLedger} from '../support/app-state.js'
import {cutOverAndDie} from '../support/die.js'
import {cutOver, useSandbox} from '../support/world.js'
import {failureOf, fenceOf, primaryOf} from './support.js'

describe('Killed before the window and resumed later', () => {
  const world = useSandbox()

  it('the next run takes the world as it is then: formation, config and a second app', async () => {
    const {source} = world.sandbox
    const shop = await world.sandbox.openShop()
    shop.customersCome()
    await expectBusiness(shop)
    await cutOverAndDie(shop, {method: 'dump-restore', after: 'install-fence'})
    expect(await fenceOf(source, shop.source.database)).to.equal('lowered')
    await expectBusiness(shop)

    shop.app.formation.scale('worker', 2)
    shop.app.formation.scale('web', 2)
    shop.app.ownVars.set('NODE_EXTRA_CA_CERTS', shop.env['RDS_CA_FILE']!)
    const guest = shop.attachApp(`${shop.name}-office`, {clock: 'node worker.mjs'}, {clock: 1})
    await Promise.all([shop.app.settle(), guest.settle()])
    const wrote = (process: string, database: string) =>
      shop.ledger().some((entry) => entry.process === process && entry.database?.endsWith(`/${database}`))

    const declined = await failureOf(cutOver(shop, {settings: {gate: 'ask'}, decide: () => Promise.resolve(false)}))
    expect(declined.code).to.equal('gate_declined')
    for (const app of [shop.app, guest]) expect(app.maintenance, app.name).to.equal(false)
    expect(shop.app.quantities).to.deep.equal({web: 2, worker: 2})
    expect(guest.quantities).to.deep.equal({clock: 1})
    expect(shop.app.configVars['NODE_EXTRA_CA_CERTS']).to.equal(shop.env['RDS_CA_FILE'])
    expect(guest.configVars['DATABASE_URL']).to.equal(shop.source.url)

    await cutOver(shop)
    expect(primaryOf(shop)).to.equal('target')
    expect(guest.configVars['DATABASE_URL']).to.contain(shop.target.role)
    expect(shop.app.quantities).to.deep.equal({web: 2, worker: 2})
    expect(guest.quantities).to.deep.equal({clock: 1})
    for (const app of [shop.app, guest]) expect(app.maintenance, app.name).to.equal(false)
    await expectBusiness(shop)
    await until('writes of the second app to RDS', 20, () => Promise.resolve(wrote('clock.1', shop.target.database)))

    guest.formation.scale('clock', 0)
    await until('the end of the second app', 10, () => Promise.resolve(guest.running.size === 0))
    await expectCleanLedger(shop, 'target')
  })
})
