import {expect} from 'chai'

import {failOver} from '../../sandbox/postgres/aurora.js'
import type {Shop} from '../../sandbox/shop.js'
import {USUAL_PACE} from '../../src/lib/flow/pace.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOver, operate, prepare, rollBack, useSandbox} from '../support/world.js'
import {before, primaryOf} from './support.js'

const CAPTURE = {method: 'change-capture'} as const
const TYPES = {web: 1, worker: 1}

const scale = async ({app}: Shop, quantities: Record<string, number>) => {
  for (const [type, quantity] of Object.entries(quantities)) app.formation.scale(type, quantity)
  await app.settle()
}

describe('From Aurora to Aurora, neither of which tells who it is', () => {
  const world = useSandbox({sourceAurora: {controlFile: 'refused'}, targetAurora: {controlFile: 'refused'}})

  /** Follows; some syncs before and after each event. */
  const follow = (shop: Shop, events: (() => Promise<void>)[]) =>
    operate(
      shop,
      async (migration) => {
        const stop = new AbortController()
        let [syncs, happening] = [0, false]
        const following = () => {
          if (happening || ++syncs % 3 > 0) return
          const event = events.shift()
          if (!event) return stop.abort()
          happening = true
          void event().then(() => (happening = false))
        }
        const operator = {...migration.operator, following}
        const pace = {...USUAL_PACE, pauseMs: 20}
        await migration.method.follow!.keepInStep({...migration, operator, signal: stop.signal}, pace)
      },
      CAPTURE,
    )

  it('change capture follows through a failover of each, cuts over, rolls back, and cuts over again', async () => {
    const {source, target} = world.sandbox
    const shop = await world.sandbox.openShop()
    shop.customersCome()
    await expectBusiness(shop)
    await prepare(shop)
    await follow(shop, [() => failOver(source), () => expectBusiness(shop), () => failOver(target)])
    await expectBusiness(shop)

    await shop.customersLeave()
    await scale(shop, {web: 0, worker: 0})
    const asBefore = stateOf(shop.app)
    await cutOver(shop, CAPTURE)
    expect(primaryOf(shop)).to.equal('target')
    await rollBack(shop, CAPTURE)
    expect(stateOf(shop.app)).to.deep.equal(asBefore)

    await scale(shop, TYPES)
    shop.customersCome()
    await expectBusiness(shop)
    await cutOver(shop, CAPTURE)
    expect(primaryOf(shop)).to.equal('target')
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  for (const side of ['source', 'target'] as const) {
    it(`dump and restore, after a failover of the ${side} right before the window`, async () => {
      const shop = await world.sandbox.openShop()
      shop.customersCome()
      await expectBusiness(shop)
      const asBefore = stateOf(shop.app)
      const alter = before('enter-maintenance', () => failOver(world.sandbox[side]))
      const failure = await cutOver(shop, {method: 'dump-restore', alter}).then(
        () => undefined,
        (error: Error & {oclif?: {exit: number}}) => error,
      )
      if (failure) {
        expect(failure.oclif?.exit, String(failure.stack)).to.equal(1)
        expect(failure.message).not.to.contain('\n')
        expect(stateOf(shop.app)).to.deep.equal(asBefore)
        await expectBusiness(shop)
        await cutOver(shop, {method: 'dump-restore'})
      }
      expect(primaryOf(shop)).to.equal('target')
      await expectBusiness(shop)
      await expectCleanLedger(shop, 'target')
    })
  }
})
