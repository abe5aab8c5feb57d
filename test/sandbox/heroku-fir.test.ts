import {expect} from 'chai'

import {HerokuHarness} from './heroku-harness.js'

describe('sandbox: Heroku’s generation Fir', function () {
  this.timeout(60_000)
  let heroku: HerokuHarness

  before(async () => {
    heroku = await HerokuHarness.open()
  })

  after(() => heroku.close())

  it('its dynos bear the release’s name and their own, which each boot renews', async () => {
    const app = heroku.createApp('pods', {generation: 'fir', space: 'acme', formation: {worker: 2}})
    const names = () => app.dynos.map(({spec}) => spec.name)
    const [first, second] = names()
    expect(first).to.match(/^worker-[0-9a-z]+-[0-9a-z]{5}$/)
    const stem = (name: string) => name.slice(0, -6)
    expect(stem(second!)).to.equal(stem(first!))
    expect(second).to.not.equal(first)
    await heroku.api('DELETE', `/apps/pods/dynos/${first}`)
    expect(names()[0]).to.not.equal(first)
    expect(stem(names()[0]!)).to.equal(stem(first!))
    expect(names()[1]).to.equal(second)
    await heroku.api('PATCH', '/apps/pods/config-vars', {FOO: 'b'})
    await app.settle()
    expect(stem(names()[1]!)).to.not.equal(stem(second!))
    await heroku.api('PATCH', '/apps/pods/formation/worker', {quantity: 1})
    expect(names()).to.have.length(1)
    const made = await heroku.api('POST', '/apps/pods/dynos', {command: 'true'})
    expect(made.body['name']).to.match(/^run-[0-9a-z]+-[0-9a-z]{5}$/)
  })

  it('its space has IPv6 for who asks in its version, and no peering', async () => {
    heroku.createApp('networked', {generation: 'fir', space: 'firspace'})
    heroku.createApp('older', {space: 'cedarspace'})
    const sources = async (space: string, version: string) => {
      const headers = {Accept: `application/vnd.heroku+json; version=${version}`}
      return (await heroku.api<{sources: string[]}>('GET', `/spaces/${space}/nat`, undefined, headers)).body.sources
    }
    expect(await sources('firspace', '3')).to.have.length(2)
    expect((await sources('firspace', '3.fir'))[2]).to.match(/^2001:db8:.*::\/56$/)
    expect(await sources('cedarspace', '3.fir')).to.have.length(2)
    expect((await heroku.api('GET', '/spaces/firspace/peerings')).status).to.equal(422)
    expect((await heroku.api('GET', '/spaces/cedarspace/peerings')).body).to.deep.equal([])
    const {body} = await heroku.api<{generation: {name: string}}>('GET', '/spaces/firspace')
    expect(body.generation.name).to.equal('fir')
  })

  it('has maintenance mode only where the world is said to be so', async () => {
    heroku.createApp('closed', {generation: 'fir', space: 'acme'})
    expect((await heroku.api('PATCH', '/apps/closed', {maintenance: true})).status).to.equal(422)
    const other = await HerokuHarness.open({firMaintenance: true})
    other.createApp('closed', {generation: 'fir', space: 'acme'})
    expect((await other.api('PATCH', '/apps/closed', {maintenance: true})).body).to.deep.include({maintenance: true})
    await other.close()
  })

  it('runs the stack cnb', async () => {
    heroku.createApp('built', {generation: 'fir', space: 'acme'})
    const {body} = await heroku.api<Record<'generation' | 'stack', {name: string}>>('GET', '/apps/built')
    expect([body.stack.name, body.generation.name]).to.deep.equal(['cnb', 'fir'])
  })
})
