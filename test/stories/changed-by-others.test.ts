import {expect} from 'chai'

import type {HerokuSimulator} from '../../sandbox/heroku/index.js'
import type {Shop} from '../../sandbox/shop.js'
import {until} from '../../sandbox/until.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOver, useSandbox} from '../support/world.js'
import {before, both, failureOf, primaryOf} from './support.js'

describe('Somebody else changes the app', () => {
  const world = useSandbox()

  const openShop = async (formation: Record<string, number> = {web: 1, worker: 1}): Promise<Shop> => {
    const shop = await world.sandbox.openShop({formation})
    shop.customersCome()
    await expectBusiness(shop)
    return shop
  }

  /** How often everything about the account was read, once for each assessment. */
  const assessments = ({calls}: HerokuSimulator, first: number): number =>
    calls.slice(first).filter(({path}) => path === '/account/rate-limits').length

  /** Does something while the dyno of the preflight tries the target. */
  const duringProbe = async (shop: Shop, act: () => void): Promise<void> => {
    const {calls} = world.sandbox.heroku
    const first = calls.length
    await until('the dyno of the preflight', 60, () =>
      Promise.resolve(
        calls.slice(first).some(({method, path}) => method === 'POST' && path === `/apps/${shop.name}/dynos`),
      ),
    )
    act()
  }

  it('not at all: the preflight assesses it once', async () => {
    const {heroku} = world.sandbox
    const shop = await openShop()
    const first = heroku.calls.length
    await cutOver(shop)
    expect(assessments(heroku, first)).to.equal(1)
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  const changes: [what: string, act: (shop: Shop) => void][] = [
    ['scales it, which makes no release', ({app}) => app.formation.scale('worker', 2)],
    ['closes it, which makes no release', ({app}) => app.setMaintenance(true)],
    [
      'sets a config var, which makes one',
      ({app}) => {
        app.ownVars.set('SOMETHING', 'else')
        app.releases.create('Set SOMETHING config vars')
      },
    ],
  ]
  for (const [what, act] of changes) {
    it(`while the preflight tries the target, and ${what}: it is assessed again, and is so after the window`, async () => {
      const {heroku} = world.sandbox
      const shop = await openShop()
      const first = heroku.calls.length
      let wanted: ReturnType<typeof stateOf> | undefined
      await Promise.all([
        cutOver(shop),
        duringProbe(shop, () => {
          act(shop)
          wanted = stateOf(shop.app)
        }),
      ])
      expect(assessments(heroku, first)).to.equal(2)
      const {maintenance, formation} = stateOf(shop.app)
      expect({maintenance, formation}).to.deep.equal({
        maintenance: wanted!.maintenance,
        formation: wanted!.formation,
      })
      expect(shop.app.configVars['SOMETHING']).to.equal(wanted!.configVars['SOMETHING'])
      await expectBusiness(shop)
      await expectCleanLedger(shop, 'target')
    })
  }

  it('and starts a process that did not run at the preflight: it is stopped all the same, and as it was afterwards', async () => {
    const shop = await openShop({web: 1, worker: 0})
    const running: number[] = []
    await cutOver(shop, {
      alter: both(
        before('stop-writers', () => shop.app.formation.scale('worker', 1)),
        before('freeze-source', () => void running.push(shop.app.dynos.length)),
      ),
    })
    expect(running).to.deep.equal([0])
    expect(stateOf(shop.app).formation).to.deep.equal({web: 1, worker: 0})
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  it('and deploys it without a process that ran: what Heroku still has is scaled', async () => {
    const {heroku} = world.sandbox
    const shop = await openShop()
    const running: number[] = []
    const gone = () => void heroku.faults.add({method: 'PATCH', path: /formation$/, kind: 404})
    await cutOver(shop, {
      alter: both(
        before('stop-writers', gone),
        before('freeze-source', () => void running.push(shop.app.dynos.length)),
        before('open', gone),
      ),
    })
    expect(heroku.faults.pending).to.deep.equal([])
    expect(running).to.deep.equal([0])
    expect(stateOf(shop.app).formation).to.deep.equal({web: 1, worker: 1})
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  it('and deploys it in the window: it opens on that release', async () => {
    const shop = await openShop()
    await cutOver(shop, {alter: before('smoke-test', () => void shop.app.releases.create('Deploy 0b1c2d3e'))})
    expect(primaryOf(shop)).to.equal('target')
    const newest = shop.app.releases.all.at(-1)!
    expect(newest.description).to.equal('Deploy 0b1c2d3e')
    for (const {spec} of shop.app.dynos) expect(spec.release.version, spec.name).to.equal(newest.version)
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  for (const [when, gate] of [
    ['between the switch and the gate', 'auto'],
    ['while the gate waits for an answer', 'ask'],
  ] as const) {
    it(`${when}, and leads it elsewhere: it does not open, and goes back as it was`, async () => {
      const shop = await openShop()
      const asBefore = stateOf(shop.app)
      const lead = () => {
        shop.app.ownVars.set('DATABASE_URL', 'postgres://u:p@elsewhere.example.com/d')
        shop.app.releases.create('Set DATABASE_URL config vars')
      }
      const failure = await failureOf(
        cutOver(shop, {
          settings: {gate},
          ...(gate === 'auto' ? {alter: before('smoke-test', lead)} : {}),
          decide: () => (lead(), Promise.resolve(true)),
        }),
      )
      expect(failure.code).to.equal('not_switched')
      expect(failure.message).to.contain('DATABASE_URL')
      expect(stateOf(shop.app)).to.deep.equal(asBefore)
      await expectBusiness(shop)
      await expectCleanLedger(shop, 'source')
    })
  }
})
