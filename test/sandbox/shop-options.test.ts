import {expect} from 'chai'

import {attach} from '../../sandbox/heroku/attachments.js'
import {startSandbox, type Sandbox} from '../../sandbox/sandbox.js'
import type {ShopOptions} from '../../sandbox/shop.js'
import {ask} from './support.js'

const attachedAs =
  (namespace: string): ShopOptions['connect'] =>
  ({app, addon}) =>
    attach(app.platform, {app, addon, name: 'DATABASE', namespace})

describe('sandbox: a shop that Heroku runs in another way', function () {
  this.timeout(120_000)
  let sandbox: Sandbox

  before(async () => {
    sandbox = await startSandbox()
  })

  after(() => sandbox.stop())

  it('on an image without node, with autoscaling, on Advanced', async () => {
    const {app, addon} = await sandbox.openShop({
      formation: {web: 1},
      runtime: {image: {node: false}, dynoSize: 'Performance-M', autoscaling: {min: 1, max: 3}, logs: 'drained'},
      plan: 'advanced',
      connect: attachedAs('role:owner|pool:reports'),
      pools: ['reports'],
    })
    expect(app.dynos.map(({state, spec}) => [state, spec.size])).to.deep.equal([['up', 'Performance-M']])
    expect(app.autoscaling.active('web')).to.deep.include({max_quantity: 3})
    const url = app.configVars['DATABASE_URL']!
    expect(url).to.equal(addon.url('pool:reports')).and.not.equal(addon.url(null))
    expect(await ask(url, 'select count(*) > 0 as products from products')).to.deep.equal([{products: true}])
    expect(await app.oneOff({type: 'run', command: 'node -v'}).ended).to.equal(127)
  })

  it('through the pooler', async () => {
    const {app, addon} = await sandbox.openShop({
      formation: {worker: 1},
      pooler: true,
      connect: attachedAs('connection-pooling:default'),
    })
    expect(app.configVars['DATABASE_URL']).to.equal(addon.poolUrl)
    expect(await ask(addon.poolUrl!, 'select 1 as one')).to.deep.equal([{one: 1}])
    expect(addon.poolUrl).to.not.equal(addon.url(null))
  })
})
