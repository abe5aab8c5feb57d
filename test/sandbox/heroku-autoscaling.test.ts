import {expect} from 'chai'
import {mkdtempSync} from 'node:fs'
import {join} from 'node:path'

import {herokuEnvironment} from '../../sandbox/heroku/index.js'
import type {App} from '../../sandbox/heroku/index.js'
import {HerokuHarness} from './heroku-harness.js'
import type {Json} from './heroku-harness.js'

describe('sandbox: Heroku’s native autoscaling', function () {
  this.timeout(60_000)
  let heroku: HerokuHarness
  let app: App

  before(async () => {
    heroku = await HerokuHarness.open()
    const processTypes = {web: 'sleep 1000', worker: 'sleep 1000'}
    const autoscaling = {min: 2, max: 5, p95: 400}
    app = heroku.createApp('elastic', {processTypes, dynoSize: 'Performance-M', autoscaling})
  })

  after(() => heroku.close())

  const monitors = async (type = 'web') =>
    (await heroku.api<Json[]>('GET', `/apps/${app.id}/formation/${type}/monitors`)).body
  const scale = (update: Json) => heroku.api('PATCH', '/apps/elastic/formation', {updates: [update]})
  const changes = () =>
    heroku.sim.events
      .filter(({kind}) => kind.startsWith('autoscaling'))
      .map(({kind}) => kind.replace('autoscaling-', ''))

  it('is read by the app’s id where HEROKU_METRICS_HOST leads', async () => {
    const env = herokuEnvironment(heroku.sim, mkdtempSync(join(heroku.dir, 'home-')))
    expect(env['HEROKU_METRICS_HOST']).to.equal(heroku.sim.url)
    const [monitor, ...others] = await monitors()
    expect(monitor).to.deep.include({
      name: 'LATENCY_SCALE',
      action_type: 'scale',
      is_active: true,
      min_quantity: 2,
      max_quantity: 5,
      value: 400,
    })
    expect(others).to.deep.equal([])
    expect(await monitors('worker')).to.deep.equal([])
    expect((await heroku.api('GET', '/apps/elastic/formation/web/monitors')).status).to.equal(404)
  })

  it('ends with a manual scale of web, even to the same quantity, and with nothing else', async () => {
    await scale({type: 'worker', quantity: 1})
    await scale({type: 'web', size: 'Performance-L'})
    expect(app.autoscaling.active('web')).to.not.equal(undefined)
    await scale({type: 'web', quantity: 0})
    expect((await monitors())[0]).to.deep.include({is_active: false, min_quantity: 2, max_quantity: 5})
    expect(app.autoscaling.active('web')).to.equal(undefined)
    expect(changes()).to.deep.equal(['on', 'off'])
  })

  it('is switched on again by what ps:autoscale:enable sends, and made where there was none', async () => {
    const [{id} = {}] = await monitors()
    const body = {is_active: true, action_type: 'scale', op: 'GREATER_OR_EQUAL', period: 1, min_quantity: 1}
    const path = `/apps/${app.id}/formation/web/monitors`
    expect((await heroku.api('PATCH', `${path}/${String(id)}`, body)).status).to.equal(202)
    expect((await monitors())[0]).to.deep.include({id, is_active: true, min_quantity: 1, max_quantity: 5, value: 400})
    expect(changes()).to.deep.equal(['on', 'off', 'on'])
    expect((await heroku.api('PATCH', `${path}/unknown`, body)).status).to.equal(404)
    const other = heroku.createApp('rigid')
    const made = await heroku.api('POST', `/apps/${other.id}/formation/web/monitors`, {...body, max_quantity: 3})
    expect(made.status).to.equal(201)
    expect(other.autoscaling.active('web')).to.deep.include({id: made.body['id'], max_quantity: 3, value: 1000})
  })
})
