import {expect} from 'chai'

import {prepare, useSandbox} from '../support/world.js'
import {bearsTraces, failureOf} from './support.js'

describe('Logical replication from a source of Heroku’s', () => {
  const world = useSandbox()

  it('is refused with the reason, and nothing is touched', async () => {
    const shop = await world.sandbox.openShop()
    const error = await failureOf(prepare(shop, {method: 'logical-replication'}))
    expect(error.oclif.exit).to.equal(3)
    expect(error.message).to.contain('wal_level is replica').and.to.contain('does not have the REPLICATION attribute')
    expect(await bearsTraces(world.sandbox.source, shop.source.database)).to.equal(false)
    expect(await bearsTraces(world.sandbox.target, shop.target.database)).to.equal(false)
  })
})
