import {expect} from 'chai'

import {HerokuHarness} from './heroku-harness.js'
import type {Json} from './heroku-harness.js'

describe('sandbox: sizes of Heroku dynos', function () {
  this.timeout(60_000)
  let heroku: HerokuHarness

  before(async () => {
    heroku = await HerokuHarness.open()
  })

  after(() => heroku.close())

  const sizes = async (path: string) => (await heroku.api<Json[]>('GET', path)).body
  const processTypes = {web: 'sleep 1000', worker: 'sleep 1000'}
  const create = (name: string, dynoSize?: string, space?: string) =>
    heroku.createApp(name, {processTypes, dynoSize, space, formation: {worker: 1}})
  const run = (app: string, size?: string) => heroku.api('POST', `/apps/${app}/dynos`, {command: 'sleep 1000', size})
  const scale = (app: string, ...updates: Json[]) => heroku.api('PATCH', `/apps/${app}/formation`, {updates})

  it('are listed for all, and for an app', async () => {
    create('listing')
    heroku.createApp('arm', {generation: 'fir', space: 'firspace'})
    create('inside', undefined, 'acme')
    expect(await sizes('/dyno-sizes')).to.have.length.greaterThan(20)
    const named = async (app: string) => (await sizes(`/apps/${app}/available-dyno-sizes`)).map(({name}) => name)
    expect(await named('listing')).to.include.members(['Eco', 'Basic', 'Standard-2X', 'Performance-L'])
    expect(await named('inside'))
      .to.include('Private-S')
      .and.not.include('Eco')
    const fir = (await sizes('/apps/arm/available-dyno-sizes')).find(({name}) => name === 'dyno-1c-0.5gb')
    expect(fir).to.deep.include({architecture: 'arm64', memory: 0.5, private_space_only: true})
    expect((await heroku.api('GET', '/dyno-sizes/performance-l')).body).to.deep.include({memory: 14, dedicated: true})
    expect((await heroku.api('GET', '/dyno-sizes/px')).status).to.equal(404)
  })

  it('one-off dynos have the app’s own kind, and no other', async () => {
    const expected = {
      basic: [create('basic', 'Basic'), 'Basic'],
      fast: [create('fast', 'Performance-M'), 'Standard-1X'],
      hidden: [create('hidden', 'Private-M', 'acme'), 'Private-S'],
    } as const
    for (const [name, [, size]] of Object.entries(expected)) {
      const made = await run(name)
      expect([made.status, made.body['size']], name).to.deep.equal([201, size])
    }
    expect((await run('fast', 'performance-l')).body['size']).to.equal('Performance-L')
    const mixed = await run('basic', 'standard-1x')
    expect([mixed.status, mixed.body['id'], mixed.body['message']]).to.deep.equal([
      422,
      'invalid_params',
      'Cannot use the following dyno types in the same app: Basic and Standard-1X',
    ])
    const unknown = await run('hidden', 'standard-1x')
    expect(unknown.status).to.equal(422)
    expect(unknown.body['message']).to.match(
      /^No such size as standard-1x\. Available dyno sizes are Private-S, .* and /,
    )
  })

  it('Eco has one dyno of a type, and one one-off dyno', async () => {
    create('eco', 'Eco')
    expect((await run('eco')).body['size']).to.equal('Eco')
    expect((await run('eco')).body['message']).to.equal('Cannot run more than 1 Eco size dynos.')
    const two = await scale('eco', {type: 'web', quantity: 2})
    expect([two.status, two.body['message']]).to.deep.equal([
      422,
      'Cannot update to more than 1 Eco size dynos per process type.',
    ])
  })

  it('a formation has sizes of one tier', async () => {
    const app = create('tiers', 'Basic')
    const mixed = await scale('tiers', {type: 'web', quantity: 1, size: 'Standard-1X'})
    expect([mixed.status, mixed.body['message']]).to.deep.equal([
      422,
      'Cannot use the following dyno types in the same app: Basic and Standard-1X',
    ])
    expect(app.quantities).to.deep.equal({web: 0, worker: 1})
    expect((await scale('tiers', {type: 'worker', size: 'standard-2x'})).status).to.equal(200)
    expect([...app.formation.types.values()].map(({size}) => size)).to.deep.equal(['Standard-2X', 'Standard-2X'])
    expect((await scale('tiers', {type: 'web', quantity: 1, dyno_size: {name: 'performance-m'}})).status).to.equal(200)
    expect((await heroku.api('GET', '/apps/tiers')).body['process_tier']).to.equal('production')
    expect((await scale('tiers', {type: 'web', size: 'enormous'})).status).to.equal(422)
  })
})
