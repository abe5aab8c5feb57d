import {expect} from 'chai'

import type {Shop} from '../../sandbox/shop.js'
import {runbookFor} from '../../src/lib/playbook.js'
import {abandon} from '../../src/lib/actions/abandon.js'
import {timelineOf} from '../../src/lib/runbook/timeline.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {BUSY, cutOver, operate, prepare, useSandbox} from '../support/world.js'
import {bearsTraces, failureOf, primaryOf} from './support.js'

const METHOD = {method: 'logical-replication'} as const

describe('Logical replication, from a source that allows it,', () => {
  const world = useSandbox({...BUSY, sourceReplication: true})

  async function openBusyShop(): Promise<Shop> {
    const shop = await world.sandbox.openShop({scale: 0.1, scheduleSeconds: 1})
    shop.customersCome()
    await expectBusiness(shop)
    return shop
  }

  /** What a replication leaves in the catalogs of both servers. */
  async function replicas({source, target}: Shop): Promise<string[]> {
    const ofSource = await world.sandbox.source.superuser<{name: string}>(
      source.database,
      `select slot_name as name from pg_replication_slots where database = current_database() union all select pubname from pg_publication`,
    )
    const ofTarget = await world.sandbox.target.superuser<{name: string}>(
      target.database,
      `select subname as name from pg_subscription s join pg_database d on d.oid = s.subdbid where datname = current_database()`,
    )
    return [...ofSource, ...ofTarget].map(({name}) => name)
  }

  it('moves a busy shop', async () => {
    const shop = await openBusyShop()
    await prepare(shop, METHOD)
    await expectBusiness(shop)
    expect(await replicas(shop)).to.have.lengthOf(3)
    await cutOver(shop, METHOD)
    expect(primaryOf(shop)).to.equal('target')
    await expectBusiness(shop)
    expect(await replicas(shop), 'left behind').to.deep.equal([])
    await operate(shop, async ({journal, method}) => {
      const {entries} = await timelineOf(runbookFor(method), journal)
      const told = entries.map(({evidence}) => evidence).join('\n')
      expect(told).to.contain('the last commit of the source').and.to.contain('are equal')
      expect(told).to.not.contain(shop.source.password)
    })
    await expectCleanLedger(shop, 'target')
  })

  it('goes on following after a no at the gate, and moves then', async () => {
    const shop = await openBusyShop()
    await prepare(shop, METHOD)
    const before = stateOf(shop.app)
    const error = await failureOf(
      cutOver(shop, {...METHOD, settings: {gate: 'ask'}, decide: () => Promise.resolve(false)}),
    )
    expect(error.code).to.equal('gate_declined')
    expect(stateOf(shop.app)).to.deep.equal(before)
    await expectBusiness(shop)
    await cutOver(shop, METHOD)
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  it('leaves nothing when it is given up', async () => {
    const shop = await openBusyShop()
    await prepare(shop, METHOD)
    await operate(shop, (migration) => abandon(migration), METHOD)
    expect(await replicas(shop)).to.deep.equal([])
    expect(await bearsTraces(world.sandbox.source, shop.source.database)).to.equal(false)
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'source')
  })
})
