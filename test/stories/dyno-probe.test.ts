import {expect} from 'chai'

import type {ShopOptions} from '../../sandbox/shop.js'
import {expectBusiness, expectCleanLedger} from '../support/app-state.js'
import {cutOver, useSandbox} from '../support/world.js'
import {failureOf, primaryOf} from './support.js'

describe('A dyno proves that it reaches the target', () => {
  const world = useSandbox()
  const open = (runtime: ShopOptions['runtime'], more: ShopOptions = {}) =>
    world.sandbox.openShop({formation: {web: 1}, ...more, ...(runtime ? {runtime} : {})})

  const proving: Record<string, [NonNullable<ShopOptions['runtime']>, ShopOptions?]> = {
    'by psql alone': [{image: {psql: true, node: false, pgDriver: false}}],
    'by its own driver, where the image has no psql': [{image: {psql: false, node: true, pgDriver: true}}],
    'where no log session is given': [{logs: 'refused-403'}],
    'where the log is refused in another way': [{logs: 'refused-422'}],
    'where its log goes elsewhere': [{logs: 'drained'}],
    'where its log loses lines': [{logs: 'lossy'}],
    'on Fir': [{generation: 'fir'}, {space: 'acme'}],
  }
  for (const [how, [runtime, more]] of Object.entries(proving)) {
    it(how, async () => {
      const shop = await open(runtime, more)
      await cutOver(shop)
      expect(primaryOf(shop)).to.equal('target')
    })
  }

  it('or the run ends, unless that is accepted', async () => {
    const shop = await open({image: {psql: false, node: false, pgDriver: false}})
    shop.customersCome()
    await expectBusiness(shop)
    const refused = await failureOf(cutOver(shop))
    expect([refused.code, refused.oclif.exit]).to.deep.equal(['target_not_tried', 4])
    expect(refused.message).to.contain('its image has no client for Postgres')
    expect(refused.suggestions.join()).to.contain('--accept-untried-target')
    await cutOver(shop, {settings: {acceptUntriedTarget: true}})
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  it('and puts no password on a command line', async () => {
    const shop = await open({})
    const {heroku} = world.sandbox
    const first = heroku.calls.length
    await cutOver(shop)
    const commands = heroku.calls
      .slice(first)
      .filter(({method, path}) => method === 'POST' && path.endsWith('/dynos'))
      .map(({body}) => (body as {command: string}).command)
    expect(commands).to.have.length.greaterThan(0)
    for (const command of commands)
      expect(command).to.match(/^\( eval "\$HEROKU_RDS_SCRIPT" \); echo "heroku-plugin-rds \w+ exit \$\?"$/)
  })
})
