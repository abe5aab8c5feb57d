import {expect} from 'chai'

import {HerokuHarness} from './heroku-harness.js'

const URL_ONE = 'postgres://u:first@localhost:5432/shop'
const URL_TWO = 'postgres://u:second@localhost:5432/shop'

describe('sandbox: Heroku API', function () {
  this.timeout(60_000)
  let heroku: HerokuHarness

  before(async () => {
    heroku = await HerokuHarness.open()
  })

  after(() => heroku.close())

  describe('API', () => {
    it('refuses a wrong token and unknown things in Heroku’s words', async () => {
      const wrong = await heroku.api('GET', '/account', undefined, {Authorization: 'Bearer nobody'})
      expect(wrong).to.deep.include({status: 401})
      expect(wrong.body['id']).to.equal('unauthorized')
      expect((await heroku.api('GET', '/apps/nobody')).body['message']).to.equal("Couldn't find that app.")
      expect((await heroku.api('GET', '/addons/nobody')).body['message']).to.equal("Couldn't find that add on.")
      const unknown = await heroku.api('GET', '/no/such/endpoint')
      expect(unknown.status).to.equal(404)
      expect(Number(unknown.headers.get('RateLimit-Remaining'))).to.be.within(4000, 4500)
    })

    it('one release per PATCH, with history, ranges and null removing', async () => {
      const app = heroku.createApp('history', {configVars: {A: '1'}})
      const version = app.releases.current.version
      await heroku.api('PATCH', '/apps/history/config-vars', {A: null, B: '2', C: '3'})
      await app.settle()
      expect(app.configVars).to.deep.equal({B: '2', C: '3'})
      expect(app.releases.current.version).to.equal(version + 1)
      expect(app.releases.current.description).to.equal('Set B, C config vars, Remove A config var')
      const old = await heroku.api('GET', `/apps/history/releases/${version}/config-vars`)
      expect(old.body).to.deep.equal({A: '1'})
      const range = {Range: 'version ..; max=1, order=desc'}
      const page = await heroku.api<{version: number}[]>('GET', '/apps/history/releases', undefined, range)
      expect(page).to.deep.include({status: 206})
      expect(page.body.map((release) => release.version)).to.deep.equal([version + 1])
      const next = {Range: page.headers.get('Next-Range')!}
      const rest = await heroku.api<{version: number}[]>('GET', '/apps/history/releases', undefined, next)
      expect(rest.body.map((release) => release.version)).to.deep.equal([version])
    })

    it('asks for confirmation before an attachment is replaced, and makes two releases', async () => {
      const app = heroku.createApp('promote')
      heroku.sim.createPostgres({
        app: 'promote',
        plan: 'heroku-postgresql:standard-0',
        name: 'pg-a',
        database: {url: URL_ONE},
      })
      const database = {url: URL_TWO, poolUrl: `${URL_TWO}-pool`}
      const plan = 'heroku-postgresql:standard-0'
      heroku.sim.createPostgres({app: 'promote', plan, name: 'pg-b', as: null, database})
      const wanted = {addon: {name: 'pg-b'}, app: {name: 'promote'}, name: 'DATABASE'}
      const first = await heroku.api('POST', '/addon-attachments', wanted)
      expect([first.status, first.body['id']]).to.deep.equal([423, 'confirmation_required'])
      const spare = await heroku.api('POST', '/addon-attachments', {addon: {name: 'pg-a'}, app: {name: 'promote'}})
      expect(spare.body['name']).to.match(/^HEROKU_POSTGRESQL_[A-Z]+$/)
      expect((await heroku.api('POST', '/addon-attachments', {...wanted, confirm: 'promote'})).status).to.equal(201)
      const descriptions = app.releases.all.slice(-2).map(({description}) => description)
      expect(descriptions).to.deep.equal(['Detach DATABASE (@ref:pg-a)', 'Attach DATABASE (@ref:pg-b)'])
      expect(app.configVars['DATABASE_URL']).to.equal(URL_TWO)
      const namespace = 'connection-pooling:default'
      const pool = {addon: 'pg-b', app: 'promote', name: 'DATABASE_CONNECTION_POOL', namespace}
      expect((await heroku.api('POST', '/addon-attachments', pool)).body).to.deep.include({namespace})
      expect(app.configVars['DATABASE_CONNECTION_POOL_URL']).to.equal(`${URL_TWO}-pool`)
      await heroku.api('PATCH', '/apps/promote/config-vars', {PLAIN_URL: 'x'})
      const clash = await heroku.api('POST', '/addon-attachments', {...wanted, name: 'PLAIN'})
      expect([clash.status, clash.body['id']]).to.deep.equal([422, 'invalid_params'])
      const resolve = {addon_attachment: 'DATABASE_URL', app: 'promote'}
      const found = await heroku.api<{addon: {name: string}}[]>('POST', '/actions/addon-attachments/resolve', resolve)
      expect(found.body.map(({addon}) => addon.name)).to.deep.equal(['pg-b'])
      const missing = await heroku.api('POST', '/actions/addon-attachments/resolve', {
        ...resolve,
        addon_attachment: 'NO',
      })
      expect(missing.body['id']).to.equal('not_found')
    })

    it('rotation changes the URL on every app, also through the pooler', async () => {
      const owner = heroku.createApp('rotate-owner', {formation: {web: 1}})
      const guest = heroku.createApp('rotate-guest')
      const database = {url: URL_ONE, poolUrl: 'postgres://u:first@localhost:6000/shop'}
      heroku.sim.createPostgres({app: 'rotate-owner', plan: 'heroku-postgresql:standard-0', name: 'pg-r', database})
      await heroku.api('POST', '/addon-attachments', {addon: 'pg-r', app: 'rotate-guest', name: 'SHARED'})
      const pool = {name: 'POOL', namespace: 'connection-pooling:default'}
      await heroku.api('POST', '/addon-attachments', {addon: 'pg-r', app: 'rotate-guest', ...pool})
      await Promise.all([owner.settle(), guest.settle()])
      const [before] = owner.dynos
      heroku.sim.rotateCredentials('pg-r', URL_TWO)
      await Promise.all([owner.settle(), guest.settle()])
      expect(owner.dynos[0]).to.not.equal(before)
      expect((await heroku.visit('rotate-owner')).env?.['DATABASE_URL']).to.equal(URL_TWO)
      expect(guest.configVars).to.deep.equal({
        SHARED_URL: URL_TWO,
        POOL_URL: 'postgres://u:second@localhost:6000/shop',
      })
      expect(guest.releases.current.description).to.equal('Update SHARED, POOL by heroku-postgresql')
    })

    it('hides an app without permission, and its attachments', async () => {
      heroku.createApp('mine')
      heroku.createApp('theirs')
      heroku.sim.createPostgres({
        app: 'mine',
        plan: 'heroku-postgresql:standard-0',
        name: 'pg-p',
        database: {url: URL_ONE},
      })
      await heroku.api('POST', '/addon-attachments', {addon: 'pg-p', app: 'theirs', name: 'DATABASE'})
      const names = async () => {
        const {body} = await heroku.api<{app: {name: string}}[]>('GET', '/addons/pg-p/addon-attachments')
        return body.map(({app}) => app.name)
      }
      expect(await names()).to.have.members(['mine', 'theirs'])
      heroku.sim.setPermission('theirs', false)
      expect(await names()).to.deep.equal(['mine'])
      const refused = await heroku.api('GET', '/apps/theirs/config-vars')
      expect(refused.status).to.equal(403)
      expect(refused.body).to.deep.include({
        id: 'forbidden',
        message: 'You do not have access to the app theirs.',
      })
    })

    it('Data API: maintenance, wait status, credentials', async () => {
      heroku.createApp('data')
      const plan = 'heroku-postgresql:premium-0'
      const credentials = {reporting: 'postgres://r:x@localhost:5432/shop'}
      const {id} = heroku.sim.createPostgres({app: 'data', plan, name: 'pg-d', database: {url: URL_ONE}, credentials})
      expect((await heroku.api('GET', `/data/maintenances/v1/${id}`)).body).to.deep.include({
        status: 'none',
        scheduled_for: null,
      })
      heroku.sim.scheduleMaintenance('pg-d', {scheduledFor: new Date('2027-01-02T03:04:05Z'), reason: 'routine'})
      expect((await heroku.api('GET', `/data/maintenances/v1/${id}`)).body).to.deep.include({
        status: 'pending',
        scheduled_for: '2027-01-02T03:04:05.000Z',
      })
      const wait = await heroku.api('GET', `/client/v11/databases/${id}/wait_status`)
      expect(wait.body).to.deep.equal({message: 'available', 'waiting?': false, 'error?': false})
      const basic = {Authorization: `Basic ${Buffer.from(`:${heroku.sim.token}`).toString('base64')}`}
      const listed = await heroku.api<{name: string}[]>(
        'GET',
        '/postgres/v0/databases/pg-d/credentials',
        undefined,
        basic,
      )
      expect(listed.body.map(({name}) => name)).to.deep.equal(['default', 'reporting'])
      expect((await heroku.api('GET', '/client/v11/apps/data/transfers')).body).to.deep.equal([])
    })
  })

  describe('faults', () => {
    it('fire once, at the nth call', async () => {
      heroku.createApp('faulty')
      const path = /^\/apps\/faulty$/
      heroku.sim.faults
        .add({method: 'GET', path, nth: 2, kind: 429, retryAfter: 3})
        .add({method: 'GET', path, nth: 4, kind: 500})
      const statuses = []
      for (let call = 0; call < 5; call++) statuses.push(await heroku.api('GET', '/apps/faulty'))
      expect(statuses.map(({status}) => status)).to.deep.equal([200, 429, 200, 500, 200])
      expect(statuses[1]!.headers.get('Retry-After')).to.equal('3')
      expect(statuses[1]!.body['id']).to.equal('rate_limit')
      expect(heroku.sim.faults.fired.map(({kind}) => kind)).to.deep.equal([429, 500])
      expect(heroku.sim.faults.pending).to.deep.equal([])
    })

    it('delay, and errors before or after the effect', async () => {
      const app = heroku.createApp('unlucky')
      const fault = {method: 'PATCH', path: /config-vars$/}
      heroku.sim.faults.add({...fault, kind: 'delay', delayMs: 150})
      const start = Date.now()
      await heroku.api('PATCH', '/apps/unlucky/config-vars', {A: '1'})
      expect(Date.now() - start).to.be.at.least(150)
      heroku.sim.faults.add({...fault, kind: 503})
      expect((await heroku.api('PATCH', '/apps/unlucky/config-vars', {B: '1'})).status).to.equal(503)
      heroku.sim.faults.add({...fault, kind: 503, afterEffect: true})
      expect((await heroku.api('PATCH', '/apps/unlucky/config-vars', {C: '1'})).status).to.equal(503)
      heroku.sim.faults.add({...fault, kind: 'reset-before'})
      expect(await failure(heroku.api('PATCH', '/apps/unlucky/config-vars', {D: '1'}))).to.not.equal('no failure')
      heroku.sim.faults.add({...fault, kind: 'reset-after'})
      expect(await failure(heroku.api('PATCH', '/apps/unlucky/config-vars', {E: '1'}))).to.not.equal('no failure')
      expect(Object.keys(app.configVars)).to.deep.equal(['A', 'C', 'E'])
      expect(heroku.sim.calls.at(-1)).to.deep.include({status: 0, body: {E: '1'}})
      heroku.sim.faults.add({...fault, kind: 409}).clear()
      expect((await heroku.api('PATCH', '/apps/unlucky/config-vars', {F: '1'})).status).to.equal(200)
    })
  })
})

async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no failure',
    (error: Error) => error.message,
  )
}
