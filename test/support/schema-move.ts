import {expect} from 'chai'

import type {Sandbox} from '../../sandbox/sandbox.js'
import type {Shop} from '../../sandbox/shop.js'
import {expectBusiness, expectCleanLedger, stateOf} from './app-state.js'
import {loadSchema, rowsOfAll, run, whileWriting} from './schema-file.js'
import {cutOver, operate, prepare, rollBack} from './world.js'
import {primaryOf} from '../stories/support.js'

const CAPTURE = {method: 'change-capture'} as const

/** Every table and materialized view that came with the schema; of the shop's own the customers see to it that they differ. */
async function expectSameRows({source: from, target: to}: Sandbox, {source, target}: Shop, own: ReadonlySet<string>) {
  const here = Object.entries(await rowsOfAll(from, source.database)).filter(([name]) => !own.has(name))
  expect(here).to.have.length.greaterThan(2)
  expect(await rowsOfAll(to, target.database)).to.deep.include(Object.fromEntries(here))
}

export interface Move {
  schema: string
  /** What goes on while it is copied, followed and verified. */
  writes: readonly string[]
  /** Done once when the copy follows. */
  meanwhile?: readonly string[]
  /** Asked of RDS in the end: the last of the statements has to say true. */
  holds?: readonly string[]
}

/** Moves a shop with these tables as well: there without a verification before, back, and there again, while the writes go on. */
export async function expectMove(sandbox: Sandbox, {schema, writes, meanwhile = [], holds = []}: Move): Promise<void> {
  const shop = await sandbox.openShop({formation: {web: 1}})
  const own = new Set(Object.keys(await rowsOfAll(sandbox.source, shop.source.database)))
  await loadSchema(shop.source.url, schema)
  const found = stateOf(shop.app)
  await operate(shop, async (migration) => {
    const {findings} = await migration.assess()
    expect(findings.filter(({level}) => level === 'blocker')).to.deep.equal([])
  })
  const passed = await whileWriting(shop.source.url, writes, async () => {
    await prepare(shop)
    await run(shop.source.url, meanwhile)
  })
  expect(passed).to.be.greaterThan(writes.length)
  await whileWriting(shop.source.url, writes, () => cutOver(shop, CAPTURE))
  expect(primaryOf(shop)).to.equal('target')
  await expectSameRows(sandbox, shop, own)
  await rollBack(shop, CAPTURE)
  expect(stateOf(shop.app)).to.deep.equal(found)
  shop.customersCome()
  await expectBusiness(shop)
  await whileWriting(shop.source.url, writes, () => cutOver(shop, CAPTURE))
  await expectSameRows(sandbox, shop, own)
  if (holds.length > 0) expect(await run(shop.target.url, holds)).to.deep.equal({holds: true})
  await expectBusiness(shop)
  await expectCleanLedger(shop, 'target')
}
