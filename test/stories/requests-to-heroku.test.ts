import {expect} from 'chai'

import type {Shop} from '../../sandbox/shop.js'
import {REQUESTS} from '../../src/lib/assessment/checks/heroku/account.js'
import {WINDOW_BEGINS} from '../../src/lib/journal/in-window.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOver, prepare, useSandbox} from '../support/world.js'
import {before as beforeStep, failureOf, primaryOf} from './support.js'

const CAPTURE = {method: 'change-capture'} as const

describe('Requests to Heroku', () => {
  const world = useSandbox()

  async function openBusyShop(releases?: number): Promise<Shop> {
    const shop = await world.sandbox.openShop({formation: {web: 1}, ...(releases ? {runtime: {releases}} : {})})
    shop.customersCome()
    await expectBusiness(shop)
    return shop
  }

  it('are few, however many releases an app has had', async () => {
    const {heroku} = world.sandbox
    const shop = await openBusyShop(1000)
    await prepare(shop)
    const before = heroku.requests()
    await cutOver(shop, CAPTURE)
    const counted = heroku.requests() - before
    expect(counted).to.be.at.most(150)
    expect(counted).to.be.at.most(REQUESTS.once + REQUESTS.perApp)
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  it('of a preflight change nothing: no release, no scale, no restart', async () => {
    const {heroku} = world.sandbox
    const shop = await openBusyShop()
    const seen = () => heroku.events.filter(({app}) => app === shop.name)
    await prepare(shop)
    const [state, releases, events] = [stateOf(shop.app), shop.app.releases.all.length, seen().length]
    const stopped = await failureOf(
      cutOver(shop, {
        ...CAPTURE,
        alter: beforeStep(WINDOW_BEGINS, () => {
          throw new Error('far enough')
        }),
      }),
    )
    expect(stopped.message).to.equal('far enough')
    expect(stateOf(shop.app)).to.deep.equal(state)
    expect(shop.app.releases.all.length).to.equal(releases)
    const oneOffs = seen().slice(events)
    expect(oneOffs.filter(({detail}) => detail['type'] !== 'run')).to.deep.equal([])
  })

  it('that are throttled in the middle of the window are waited for, and in the middle of its undo', async () => {
    const {heroku} = world.sandbox
    const shop = await openBusyShop()
    const before = stateOf(shop.app)
    const declined = await failureOf(
      cutOver(shop, {
        settings: {gate: 'ask'},
        alter: beforeStep('switch-apps', () => heroku.setRequestsLeft(3)),
        decide: () => (heroku.setRequestsLeft(2), Promise.resolve(false)),
      }),
    )
    expect(declined.code).to.equal('gate_declined')
    expect(stateOf(shop.app)).to.deep.equal(before)
    heroku.setRequestsLeft(4500)
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'source')
  })

  it('that end a login in the window have it undone by the next run, and say so', async () => {
    const {heroku} = world.sandbox
    const shop = await openBusyShop()
    heroku.faults.add({method: 'PATCH', path: /formation/, kind: 401})
    const refused = await failureOf(cutOver(shop))
    expect([refused.code, refused.suggestions.join()]).to.deep.equal([
      'not_logged_in',
      'heroku login, and run the same command again',
    ])
    expect(primaryOf(shop)).to.equal('source')
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'source')
  })

  for (const missing of ['deploy', 'operate'] as const) {
    it(`without the right to ${missing} are not begun`, async () => {
      const {heroku} = world.sandbox
      const shop = await world.sandbox.openShop({formation: {web: 1}, runtime: {owner: 'owner@example.com'}})
      heroku.setRights(
        shop.name,
        (['view', 'deploy', 'operate', 'manage'] as const).filter((one) => one !== missing),
      )
      const refused = await failureOf(cutOver(shop))
      expect(refused.oclif.exit).to.equal(3)
      expect(refused.message).to.contain(missing)
      expect(heroku.events.some(({app, kind}) => app === shop.name && kind === 'maintenance-on')).to.equal(false)
      heroku.setRights(shop.name, ['view', 'deploy', 'operate', 'manage'])
    })
  }
})
