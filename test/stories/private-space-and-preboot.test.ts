import {expect} from 'chai'

import {attach} from '../../sandbox/heroku/attachments.js'
import type {Shop} from '../../sandbox/shop.js'
import {until} from '../../sandbox/until.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOver, rollBack, useSandbox} from '../support/world.js'
import {failureOf, primaryOf} from './support.js'

describe('Apps that are not like the others', () => {
  const world = useSandbox({heroku: {prebootSeconds: 0.5}})

  const open = async (shop: Shop) => {
    shop.customersCome()
    await expectBusiness(shop)
    return shop
  }
  const decline = (shop: Shop, look: () => Promise<void> | void = () => undefined) =>
    failureOf(cutOver(shop, {settings: {gate: 'ask'}, decide: async () => (await look(), false)}))

  it('in a Private Space web dynos stay up, their writes are refused, and they come back on the new release', async () => {
    const shop = await open(await world.sandbox.openShop({space: 'acme'}))
    await cutOver(shop, {
      settings: {gate: 'ask'},
      async decide() {
        expect(shop.app.quantities).to.deep.equal({web: 1, worker: 0})
        const webUp = () => shop.app.dynos.find(({spec, state}) => spec.type === 'web' && state === 'up')
        await until('the web dyno of the new release', 10, () => Promise.resolve(webUp() !== undefined))
        const body = JSON.stringify({ref: crypto.randomUUID(), email: 'CUSTOMER1@example.com'})
        const answer = await fetch(`http://localhost:${webUp()!.port}/orders`, {method: 'POST', body})
        expect(answer.status).to.equal(503)
        expect(await answer.text()).to.match(/refused|read-only/)
        return true
      },
    })
    expect(shop.app.quantities).to.deep.equal({web: 1, worker: 1})
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  it('preboot is off in the window and on again after it, whichever way it ends', async () => {
    const shop = await world.sandbox.openShop()
    shop.app.preboot = true
    await open(shop)
    const asBefore = stateOf(shop.app)
    await decline(shop, () => expect(shop.app.preboot).to.equal(false) && undefined)
    expect(stateOf(shop.app)).to.deep.equal(asBefore)
    await cutOver(shop)
    expect(shop.app.preboot).to.equal(true)
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  it('autoscaling is on again after the window, as it was, whichever way it ends', async () => {
    const shop = await world.sandbox.openShop({formation: {web: 2}, runtime: {autoscaling: {min: 2, max: 5}}})
    const {autoscaling} = shop.app
    autoscaling.update('web', autoscaling.list('web')[0]!.id, {is_active: true})
    const before = autoscaling.active('web')
    expect(before).to.deep.include({min_quantity: 2, max_quantity: 5, is_active: true})
    await decline(shop, () => expect(autoscaling.active('web')).to.equal(undefined) && undefined)
    expect(autoscaling.active('web')).to.deep.equal(before)
    await cutOver(shop)
    expect(autoscaling.active('web')).to.deep.equal(before)
  })

  it('an app that was in maintenance stays in maintenance', async () => {
    const shop = await world.sandbox.openShop()
    shop.app.setMaintenance(true)
    await expectBusiness(shop)
    const asBefore = stateOf(shop.app)
    await decline(shop)
    expect(stateOf(shop.app)).to.deep.equal(asBefore)
    await cutOver(shop)
    expect(shop.app.maintenance).to.equal(true)
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  it('a pooled and a coloured attachment, and the usual name of the old database taken by another one', async () => {
    const {heroku} = world.sandbox
    const shop = await world.sandbox.openShop({formation: {web: 1}})
    const {app, addon} = shop
    addon.poolUrl = `${shop.source.url}?sslmode=require`
    attach(app.platform, {app, addon, name: 'DATABASE_CONNECTION_POOL', namespace: 'connection-pooling:default'})
    attach(app.platform, {app, addon, name: 'HEROKU_POSTGRESQL_COBALT', namespace: null})
    const plan = 'heroku-postgresql:essential-0'
    heroku.createPostgres({app: app.name, plan, as: 'HEROKU_POSTGRESQL_OLD', database: {url: 'postgres://u:p@h/other'}})
    await app.settle()
    const asBefore = stateOf(app)

    expect((await decline(shop)).code).to.equal('gate_declined')
    expect(stateOf(app)).to.deep.equal(asBefore)
    await cutOver(shop)
    expect(primaryOf(shop)).to.equal('target')
    expect(app.configVars['DATABASE_CONNECTION_POOL_URL']).to.equal(app.configVars['DATABASE_URL'])
    expect(app.configVars['HEROKU_POSTGRESQL_OLD_URL']).to.equal('postgres://u:p@h/other')
    expect(app.configVars['HEROKU_POSTGRESQL_COBALT_URL']).to.equal(app.configVars['DATABASE_URL'])
    expect(app.configVars).not.to.have.property('PGSSLROOTCERT')
    await rollBack(shop)
    expect(stateOf(app)).to.deep.equal(asBefore)
    await open(shop)
    await expectCleanLedger(shop, 'source')
  })

  it('two, of which one cannot be switched: the other is not switched behind the undo', async () => {
    const {heroku} = world.sandbox
    const shop = await world.sandbox.openShop({formation: {web: 1}})
    const guest = shop.attachApp(`${shop.name}-guest`, {worker: 'node worker.mjs'}, {worker: 1})
    await guest.settle()
    const before = [shop.app, guest].map(stateOf)
    const id = guest.attachments[0]!.id
    heroku.faults.add({method: 'PATCH', path: new RegExp(`/apps/${shop.name}/config-vars`), nth: 2, kind: 422})
    heroku.faults.add({method: 'DELETE', path: new RegExp(`/addon-attachments/${id}`), kind: 'delay', delayMs: 1500})
    const failed = await failureOf(cutOver(shop))
    expect(failed.message).to.contain('Heroku answered 422')
    expect(heroku.faults.pending).to.deep.equal([])
    expect([shop.app, guest].map(stateOf)).to.deep.equal(before)
    await guest.settle()
    expect([shop.app, guest].map(stateOf)).to.deep.equal(before)
  })

  it('only DATABASE, while another database has the usual name of the old one', async () => {
    const {heroku} = world.sandbox
    const shop = await world.sandbox.openShop({formation: {web: 1}})
    const plan = 'heroku-postgresql:essential-0'
    heroku.createPostgres({
      app: shop.name,
      plan,
      as: 'HEROKU_POSTGRESQL_OLD',
      database: {url: 'postgres://u:p@h/other'},
    })
    await shop.app.settle()
    const asBefore = stateOf(shop.app)
    await cutOver(shop)
    expect(shop.app.configVars['HEROKU_POSTGRESQL_OLD_URL']).to.equal('postgres://u:p@h/other')
    expect(shop.app.configVars['HEROKU_POSTGRESQL_OLD_2_URL']).to.equal(shop.source.url)
    await rollBack(shop)
    expect(stateOf(shop.app)).to.deep.equal(asBefore)
    await open(shop)
    await expectCleanLedger(shop, 'source')
  })

  it('a config var that cannot move stands in the way, until it is kept on purpose; its app is stopped and comes back', async () => {
    const {heroku} = world.sandbox
    const shop = await world.sandbox.openShop({credentials: ['etl']})
    const guest = shop.attachApp(`${shop.name}-etl`, {clock: 'sleep 600'}, {})
    const [own] = guest.attachments
    guest.platform.attachments.splice(guest.platform.attachments.indexOf(own!), 1)
    attach(guest.platform, {app: guest, addon: shop.addon, name: 'REPORTS', namespace: 'credential:etl'})
    guest.formation.scale('clock', 1)
    await guest.settle()
    await open(shop)
    const asBefore = stateOf(guest)
    const refused = await failureOf(cutOver(shop))
    expect(refused.code).to.equal('not_ready')
    expect(refused.message).to.contain(`REPORTS_URL on ${guest.name}`)
    expect(refused.suggestions.join()).to.contain('--keep REPORTS_URL')
    const main = await failureOf(cutOver(shop, {settings: {keep: ['REPORTS_URL', 'DATABASE_URL']}}))
    expect(main.message).to.contain(`no config var of ${shop.name}`)

    await cutOver(shop, {settings: {keep: ['REPORTS_URL']}})
    expect(stateOf(guest)).to.deep.equal(asBefore)
    const stopped = heroku.events.filter(({app, kind}) => app === guest.name && kind === 'dyno-stopping')
    expect(stopped.length).to.be.greaterThan(0)
    await until('its dyno', 10, () => Promise.resolve(guest.dynos.some(({state}) => state === 'up')))
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })
})
