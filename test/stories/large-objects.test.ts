import {expect} from 'chai'

import {stateOf} from '../support/app-state.js'
import {ask} from '../support/servers.js'
import {cutOver, prepare, rollBack, useSandbox} from '../support/world.js'
import {failureOf, primaryOf} from './support.js'

const CAPTURE = {method: 'change-capture'} as const

/** What the app does to large objects on RDS; an object of this number came with the copy. */
const KEPT = 4242
const WRITES: Record<string, [change: string, undo: string]> = {
  'one that is created': [`select lo_from_bytea(5000, 'new')`, 'select lo_unlink(5000)'],
  'one that is overwritten': [`select lo_put(${KEPT}, 0, 'NEW')`, `select lo_put(${KEPT}, 0, 'old')`],
  'one that is removed': [`select lo_unlink(${KEPT})`, `select lo_from_bytea(${KEPT}, 'old')`],
}

describe('Large objects written on RDS', () => {
  const world = useSandbox()

  it('are writes that a rollback would lose: it is refused while there is one, and goes back when there is none', async () => {
    const shop = await world.sandbox.openShop({formation: {web: 1}})
    await ask(shop.source.url, `select lo_from_bytea(${KEPT}, 'old')`)
    const before = stateOf(shop.app)
    await prepare(shop)
    await cutOver(shop, CAPTURE)
    const live = stateOf(shop.app)
    for (const [what, [change, undo]] of Object.entries(WRITES)) {
      await ask(shop.target.url, change)
      const failure = await failureOf(rollBack(shop, CAPTURE))
      expect(failure.code, what).to.equal('writes_landed')
      expect(failure.message, what).to.include('large object')
      expect(stateOf(shop.app), what).to.deep.equal(live)
      await ask(shop.target.url, undo)
    }
    await rollBack(shop, CAPTURE)
    expect(primaryOf(shop)).to.equal('source')
    expect(stateOf(shop.app)).to.deep.equal(before)
  })
})
