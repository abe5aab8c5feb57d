import {expect} from 'chai'

import type {Shop} from '../../sandbox/shop.js'
import {until} from '../../sandbox/until.js'
import {expectBusiness, expectCleanLedger} from '../support/app-state.js'
import {startStockCommand} from '../support/stock-command.js'
import {cutOver, useSandbox} from '../support/world.js'

describe('rds:start', () => {
  const world = useSandbox()

  const foreignKeys = (shop: Shop) =>
    world.sandbox.target.superuser<{name: string}>(
      shop.target.database,
      `select conname as name from pg_constraint where contype = 'f' order by 1`,
    )

  it('takes up its work again when the target restarts, and a source; and leaves a target alone that is in use', async () => {
    const shop = await world.sandbox.openShop()
    shop.customersCome()
    await expectBusiness(shop)
    const start = await startStockCommand(world.sandbox, shop, 'rds:start')
    const heard = (what: RegExp, times = 1) =>
      until(`${what} ${times} times in ${start.said()}`, 60, () =>
        Promise.resolve([...start.said().matchAll(new RegExp(what, 'g'))].length >= times),
      )
    try {
      await heard(/following the source/)
      await world.sandbox.target.restart({immediate: true})
      await heard(/connecting again/)
      await heard(/following the source/, 2)
      await world.sandbox.source.restart({immediate: true})
      await heard(/trying again|connecting again/, 2)
      await expectBusiness(shop)
      const verified = await world.sandbox.cli(['rds:verify', '-a', shop.name, '--json'], {env: shop.env})
      expect(JSON.parse(verified.stdout), verified.stderr).to.include({equal: true})
    } finally {
      start.kill('SIGINT')
      expect(await start.exitCode, start.said()).to.equal(0)
    }
    expect(start.said()).not.to.match(/\n\s+at \S+ \(/)

    await cutOver(shop, {method: 'change-capture'})
    const keys = await foreignKeys(shop)
    expect(keys).not.to.deep.equal([])
    for (const args of [['rds:start'], ['rds:start', '--refresh-schema'], ['rds:start', '--abandon']]) {
      const {code, stderr} = await world.sandbox.cli([...args, '-a', shop.name, '--confirm', shop.name], {
        env: shop.env,
      })
      expect(code, stderr).to.equal(3)
      expect(stderr).to.match(/window|runs on RDS/)
    }
    const verify = await world.sandbox.cli(['rds:verify', '-a', shop.name], {env: shop.env})
    expect(verify.code, verify.stderr).to.equal(3)
    expect(await foreignKeys(shop)).to.deep.equal(keys)
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })
})
