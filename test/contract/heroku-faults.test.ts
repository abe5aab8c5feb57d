import {expect} from 'chai'

import type {FaultKind} from '../../sandbox/heroku/index.js'
import type {Shop} from '../../sandbox/shop.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {until} from '../../sandbox/until.js'
import {cutOver, useSandbox} from '../support/world.js'
import {before as beforeStep} from '../stories/support.js'

const KINDS: FaultKind[] = [429, 503, 'reset-before', 'reset-after']

describe('Heroku answers badly', () => {
  const world = useSandbox()
  let calls: {method: string; path: string}[]

  before('learn which calls a cutover makes', async () => {
    const shop = await world.sandbox.openShop()
    const first = world.sandbox.heroku.calls.length
    await cutOver(shop)
    calls = distinct(
      world.sandbox.heroku.calls
        .slice(first)
        .map(({method, path}) => ({method, path: path.replaceAll(shop.name, 'APP')})),
    )
    expect(calls.map(({method}) => method)).to.include.members(['GET', 'PATCH', 'POST', 'DELETE'])
  })

  /** The first call of every kind that a cutover makes goes wrong. */
  const breakEveryCall = (shop: Shop, kind: FaultKind) => {
    for (const {method, path} of calls)
      world.sandbox.heroku.faults.add({method, path: patternOf(path, shop.name), kind, retryAfter: 1})
  }

  for (const kind of KINDS) {
    it(`once with ${kind} at every call of a cutover: it finishes, nothing is lost`, async () => {
      const shop = await world.sandbox.openShop()
      shop.customersCome()
      await expectBusiness(shop)
      breakEveryCall(shop, kind)
      await cutOver(shop)
      expect(world.sandbox.heroku.faults.fired.length, 'faults that fired').to.be.greaterThan(10)
      world.sandbox.heroku.faults.clear()
      expect(shop.app.maintenance).to.equal(false)
      await expectBusiness(shop)
      await expectCleanLedger(shop, 'target')
    })

    it(`once with ${kind} at every call of the way back: the app is as it was`, async () => {
      const shop = await world.sandbox.openShop()
      shop.customersCome()
      await expectBusiness(shop)
      const before = stateOf(shop.app)
      const declined = cutOver(shop, {
        settings: {gate: 'ask'},
        decide: () => (breakEveryCall(shop, kind), Promise.resolve(false)),
      })
      await declined.then(
        () => expect.fail('the gate was declined'),
        (error: {code: string}) => expect(error.code).to.equal('gate_declined'),
      )
      world.sandbox.heroku.faults.clear()
      expect(stateOf(shop.app)).to.deep.equal(before)
      await expectBusiness(shop)
      await expectCleanLedger(shop, 'source')
    })
  }

  for (const {what, method, path} of [
    {what: 'the config vars', method: 'PATCH', path: /config-vars/},
    {what: 'attaching', method: 'POST', path: /addon-attachments$/},
    {what: 'the formation', method: 'PATCH', path: /formation/},
  ]) {
    it(`an outage that lasts at ${what}: interrupted, the run undoes itself when Heroku is back`, async () => {
      const shop = await world.sandbox.openShop()
      shop.customersCome()
      await expectBusiness(shop)
      const before = stateOf(shop.app)
      const {faults} = world.sandbox.heroku
      const first = faults.fired.length
      const stop = new AbortController()
      const declined = cutOver(shop, {
        signal: stop.signal,
        alter: beforeStep('stop-writers', () => void faults.add({method, path, kind: 503, always: true})),
      }).then(
        () => expect.fail('the cutover cannot have succeeded'),
        (error: Error) => expect(error.message).to.equal('interrupted'),
      )
      await until('the outage to be met', 30, () => Promise.resolve(faults.fired.length - first >= 2))
      stop.abort(new Error('interrupted'))
      faults.clear()
      await declined
      expect(stateOf(shop.app)).to.deep.equal(before)
      await expectBusiness(shop)
      await expectCleanLedger(shop, 'source')
    })
  }
})

const generic = (path: string): string => path.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID').replaceAll(/\?.*/g, '')

const distinct = (calls: {method: string; path: string}[]): {method: string; path: string}[] => [
  ...new Map(calls.map(({method, path}) => [`${method} ${generic(path)}`, {method, path: generic(path)}])).values(),
]

const patternOf = (path: string, app: string): RegExp =>
  new RegExp(
    `^${path
      .replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll('APP', app)
      .replaceAll('ID', '[^/]+')}(\\?|$)`,
  )
