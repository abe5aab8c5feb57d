import {expect} from 'chai'

import {attach} from '../../sandbox/heroku/attachments.js'
import type {Shop} from '../../sandbox/shop.js'
import {until} from '../../sandbox/until.js'
import {type AppState, expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {dieWhen} from '../support/die.js'
import {cutOver, rollBack, useSandbox} from '../support/world.js'
import {primaryOf} from '../stories/support.js'

const METHOD = 'dump-restore'

/** What a switch changes at Heroku, in its order; a rollback changes the same, backwards. */
const CHANGES = [
  ['attaching', 'POST', /^\/addon-attachments$/],
  ['detaching', 'DELETE', /^\/addon-attachments\//],
  ['setting config vars', 'PATCH', /\/config-vars$/],
] as const

describe('A run that is killed at a change of the app, with a URL of its own beside an attachment', () => {
  const world = useSandbox()
  let shop: Shop
  let before_: AppState

  before(async () => {
    shop = await world.sandbox.openShop({
      formation: {},
      connect({app, addon, source}) {
        app.ownVars.set('DATABASE_URL', `${source.url}?connection_limit=5`)
        attach(app.platform, {app, addon, name: 'HEROKU_POSTGRESQL_AMBER', namespace: null})
      },
    })
    before_ = stateOf(shop.app)
  })

  /** Kills the run while it waits for the answer to a change of this kind, which has happened or has not. */
  async function killAt(way: 'forward' | 'back', change: (typeof CHANGES)[number], happened: boolean): Promise<void> {
    const {faults, events} = world.sandbox.heroku
    const [, method, path] = change
    const begun = events.length
    const hang = () => faults.add({method, path, kind: 'hang', afterEffect: happened})
    const fired = faults.fired.length
    const inWindow = way === 'back' ? Promise.resolve(hang()) : untilClosed(begun).then(hang)
    await dieWhen(shop, way, METHOD, () => faults.fired.length > fired)
    await inWindow
    faults.clear()
  }

  const untilClosed = (begun: number) =>
    until('the window', 60, () =>
      Promise.resolve(world.sandbox.heroku.events.slice(begun).some(({kind}) => kind === 'maintenance-on')),
    )

  for (const change of CHANGES) {
    for (const happened of [false, true]) {
      it(`${change[0]}, which has ${happened ? '' : 'not '}happened: rds:rollback restores it bit for bit`, async () => {
        await killAt('forward', change, happened)
        await rollBack(shop)
        expect(stateOf(shop.app)).to.deep.equal(before_)
      })

      it(`${change[0]} on the way back, which has ${happened ? '' : 'not '}happened: the next rollback goes on`, async () => {
        await cutOver(shop, {method: METHOD})
        expect(primaryOf(shop)).to.equal('target')
        await killAt('back', change, happened)
        await rollBack(shop)
        expect(stateOf(shop.app)).to.deep.equal(before_)
      })
    }
  }

  it('and the next cutover goes on where the last one died; no write is missing', async () => {
    shop.app.formation.scale('web', 1)
    shop.customersCome()
    await expectBusiness(shop)
    await killAt('forward', CHANGES[2], true)
    await cutOver(shop, {method: METHOD})
    expect(primaryOf(shop)).to.equal('target')
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })
})
