import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'

import {expect} from 'chai'

import type {Shop, ShopOptions} from '../../sandbox/shop.js'
import {until} from '../../sandbox/until.js'
import type {Step} from '../../src/lib/runbook/step.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOver, prepare, useSandbox} from '../support/world.js'
import {bearsTraces, both, catalogOfSource, failureOf} from './support.js'

describe('A database that is reached from within its space only', () => {
  const world = useSandbox()

  const open = async (options: ShopOptions = {}) => {
    const shop = await world.sandbox.openShop({plan: 'private-0', space: 'acme', ...options})
    shop.customersCome()
    await expectBusiness(shop)
    return shop
  }
  const usesSource = ({app, addon}: Shop) => app.configVars['DATABASE_URL'] === addon.url(null)
  /** Right before a step every connection to the source breaks, after something else has happened. */
  const broken =
    ({bastion}: Shop, id: string, act: () => void = () => undefined) =>
    (step: Step): Step => {
      if (step.id !== id) return step
      const run: Step['run'] = async (migration) => {
        act()
        expect(bastion!.cut()).to.equal(1)
        await until('the loss to be noticed', 10, () => Promise.resolve(migration.source.ownPids().length === 0))
        return step.run(migration)
      }
      return {...step, run}
    }

  it('moves by change capture through its bastion, whose connections break and whose key is replaced', async () => {
    const shop = await open()
    await prepare(shop, {alter: broken(shop, 'copy-rows')})
    await cutOver(shop, {
      method: 'change-capture',
      alter: both(
        broken(shop, 'catch-up'),
        broken(shop, 'drain', () => shop.bastion!.rekey()),
      ),
    })
    expect(usesSource(shop)).to.equal(false)
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  it('moves by dump and restore with the stock command, which shows the key of the bastion nowhere', async () => {
    const shop = await open()
    const heroku = (args: string[]) => world.sandbox.cli([...args, '-a', shop.name], {env: shop.env})
    const assessed = await heroku(['rds:assess'])
    expect(assessed.code, assessed.stderr).to.equal(0)
    expect(assessed.stdout).to.contain('reaches it through a bastion')
    const moved = await heroku(['rds:cutover', '--confirm', shop.name, '--gate', 'auto'])
    expect(moved.code, moved.stderr).to.equal(0)
    expect(usesSource(shop)).to.equal(false)
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')

    const telling = shop.bastion!.privateKey.split('\n')[1]!
    for (const text of [assessed, moved].flatMap(({stdout, stderr}) => [stdout, stderr])) {
      expect(text).not.to.contain(telling)
    }
    for (const file of readdirSync(world.sandbox.home, {recursive: true, withFileTypes: true})) {
      if (!file.isFile()) continue
      expect(readFileSync(join(file.parentPath, file.name), 'latin1'), file.name).not.to.contain(telling)
    }
  })

  it('of a Shield plan moves through the bastion that its config vars name', async () => {
    const shop = await open({plan: 'shield-0', bastion: true, formation: {web: 1}})
    expect(shop.app.configVars).to.include({DATABASE_BASTIONS: shop.bastion!.host})
    const asBefore = stateOf(shop.app)
    const declined = await failureOf(cutOver(shop, {settings: {gate: 'ask'}, decide: () => Promise.resolve(false)}))
    expect(declined.code).to.equal('gate_declined')
    expect(stateOf(shop.app)).to.deep.equal(asBefore)
    await expectBusiness(shop)
    await cutOver(shop)
    expect(usesSource(shop)).to.equal(false)
    expect(shop.app.configVars).to.not.have.any.keys('DATABASE_BASTIONS', 'DATABASE_BASTION_KEY')
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  for (const plan of ['shield-0', 'advanced-private', 'advanced-shield']) {
    it(`of the plan ${plan} without a bastion is refused, with nothing touched`, async () => {
      const shop = await world.sandbox.openShop({plan, space: 'acme', formation: {}})
      const [app, catalog] = [stateOf(shop.app), await catalogOfSource(world.sandbox, shop)]
      const refused = await failureOf(cutOver(shop))
      expect({code: refused.code, exit: refused.exitCode}).to.deep.equal({code: 'no_bastion', exit: 3})
      expect(refused.message).to.match(/^not possible with this version: .*no bastion leads to it/)
      expect(refused.suggestions).to.deep.equal([])
      expect([stateOf(shop.app), await catalogOfSource(world.sandbox, shop)]).to.deep.equal([app, catalog])
      expect(await bearsTraces(world.sandbox.target, shop.target.database)).to.equal(false)
    })
  }
})
