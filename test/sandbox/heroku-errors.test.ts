import {expect} from 'chai'
import {mkdtempSync} from 'node:fs'
import {join} from 'node:path'

import {herokuEnvironment, runHeroku} from '../../sandbox/heroku/index.js'
import {condition, HerokuHarness} from './heroku-harness.js'

describe('sandbox: what goes wrong at the Heroku API', function () {
  this.timeout(60_000)
  let heroku: HerokuHarness

  before(async () => {
    heroku = await HerokuHarness.open()
  })

  after(() => heroku.close())

  const url = (path: string) => heroku.sim.url + path
  const headers = () => ({
    Accept: 'application/vnd.heroku+json; version=3',
    Authorization: `Bearer ${heroku.sim.token}`,
  })

  describe('requests that get no answer', () => {
    it('hang until the client gives up, with the effect or without', async () => {
      const app = heroku.createApp('hanging')
      const fault = {method: 'PATCH', path: /config-vars$/, kind: 'hang'} as const
      const giveUpOnce = async (happened: () => boolean) => {
        const client = new AbortController()
        const request = {method: 'PATCH', headers: headers(), body: '{"A": "1"}', signal: client.signal}
        const answer = fetch(url('/apps/hanging/config-vars'), request).catch(({name}: Error) => name)
        await condition(happened)
        client.abort()
        expect(await answer).to.equal('AbortError')
        await condition(() => heroku.sim.calls.at(-1)!.status === 0)
      }
      heroku.sim.faults.add(fault)
      await giveUpOnce(() => heroku.sim.faults.fired.length === 1)
      expect(app.configVars).to.deep.equal({})
      const counted = heroku.sim.requests()
      heroku.sim.faults.add({...fault, afterEffect: true})
      await giveUpOnce(() => app.configVars['A'] === '1')
      heroku.sim.faults.add({...fault, kind: 503})
      await heroku.api('PATCH', '/apps/hanging/config-vars', {B: '1'})
      expect(heroku.sim.requests() - counted).to.equal(2)
    })

    it('or until the simulator stops', async () => {
      const other = await HerokuHarness.open()
      other.sim.faults.add({method: 'GET', path: /^\/account$/, kind: 'hang'})
      const waiting = other.api('GET', '/account').catch(() => 'cut')
      await other.api('GET', '/account/rate-limits')
      await other.close()
      expect(await waiting).to.equal('cut')
    })

    it('are cut by the router with its page, and go on behind it', async () => {
      const app = heroku.createApp('slow')
      heroku.sim.faults.add({method: 'PATCH', path: /config-vars$/, kind: 'timeout', delayMs: 50})
      const cut = await fetch(url('/apps/slow/config-vars'), {
        method: 'PATCH',
        headers: headers(),
        body: JSON.stringify({A: '1'}),
      })
      expect([cut.status, cut.headers.get('Content-Type')]).to.deep.equal([503, 'text/html; charset=utf-8'])
      expect(await cut.text()).to.include('Application Error')
      expect(app.configVars).to.deep.equal({A: '1'})
    })
  })

  describe('who is calling', () => {
    it('no token, a wrong one, one in the midst', async () => {
      const none = await fetch(url('/account'), {headers: {Accept: headers().Accept}})
      expect([none.status, await none.json()]).to.deep.equal([
        401,
        {
          id: 'unauthorized',
          message:
            'There were no credentials in your `Authorization` header. Try `Authorization: Bearer <OAuth access token>` ' +
            'or `Authorization: Basic <base64-encoded email + ":" + password>`.',
        },
      ])
      const wrong = await heroku.api('GET', '/account', undefined, {Authorization: 'Bearer HRKU-nobody'})
      const invalid = {id: 'unauthorized', message: 'Invalid credentials provided.'}
      expect([wrong.status, wrong.body]).to.deep.equal([401, invalid])
      heroku.sim.faults.add({method: 'GET', path: /^\/account$/, nth: 2, kind: 401})
      const answers = [await heroku.api('GET', '/account'), await heroku.api('GET', '/account')]
      expect(answers.map(({status}) => status)).to.deep.equal([200, 401])
      expect(answers[1]!.body).to.deep.equal(invalid)
    })

    it('an SSO token tells how long it lasts, and ends', async () => {
      const sso = heroku.sim.createAccount({email: 'sso@example.com', sso: true, tokenSeconds: 8 * 3600})
      const as = {Authorization: `Bearer ${sso.token}`}
      expect((await heroku.api('GET', '/account', undefined, as)).body['federated']).to.equal(true)
      type Authorization = {access_token: {expires_in: number; token: string}}
      const listed = await heroku.api<Authorization[]>('GET', '/oauth/authorizations', undefined, as)
      expect(listed.body[0]!.access_token.token).to.equal(sso.token)
      expect(listed.body[0]!.access_token.expires_in).to.be.within(8 * 3600 - 60, 8 * 3600)
      heroku.sim.endToken(sso.email)
      const ended = await heroku.api('GET', '/account', undefined, as)
      expect([ended.status, ended.body['message']]).to.deep.equal([401, 'Invalid credentials provided.'])
      const own = await heroku.api<{access_token: {expires_in: null}}[]>('GET', '/oauth/authorizations')
      expect(own.body[0]!.access_token.expires_in).to.equal(null)
    })

    it('a second factor, by a code for one request or in advance for an app', async () => {
      const {id, name} = heroku.createApp('paranoid')
      const fault = {method: 'GET', path: /^\/apps\/paranoid/, kind: 'two_factor'} as const
      const get = (more: Record<string, string> = {}) => heroku.api('GET', '/apps/paranoid', undefined, more)
      heroku.sim.faults.add(fault)
      for (const asked of [await get(), await get()]) {
        expect(asked.status).to.equal(403)
        expect(asked.body).to.deep.include({id: 'two_factor', app: {id, name}})
        expect(asked.body['message']).to.match(/^A second authentication factor or pre-authorization is required/)
      }
      expect((await get({'Heroku-Two-Factor-Code': '123456'})).status).to.equal(200)
      expect((await get()).status, 'once').to.equal(200)
      heroku.sim.faults.add({...fault, always: true})
      const path = '/apps/paranoid/pre-authorizations'
      expect((await heroku.api('PUT', path)).body['id']).to.equal('two_factor')
      expect((await get()).status).to.equal(403)
      expect((await heroku.api('PUT', path, undefined, {'Heroku-Two-Factor-Code': '123456'})).status).to.equal(200)
      expect((await get()).status).to.equal(200)
      heroku.sim.faults.clear()
    })

    it('the stock command says what the API said', async () => {
      const run = (token: string, ...args: string[]) =>
        runHeroku(args, herokuEnvironment({url: heroku.sim.url, token}, mkdtempSync(join(heroku.dir, 'home-'))))
      const {token} = heroku.sim.createAccount({email: 'short@example.com', sso: true, tokenSeconds: 3600})
      expect((await run(token, 'auth:token')).stderr).to.include('token will expire')
      heroku.sim.endToken('short@example.com')
      const ended = await run(token, 'apps:info', '-a', 'paranoid')
      expect(ended.stderr.replace(/\s*›?\s+/g, ' ')).to.include('The token provided to HEROKU_API_KEY is invalid')
    })
  })

  describe('requests that are refused', () => {
    const refusal = async (method: string, path: string, body?: unknown) => {
      const answer = await heroku.api(method, path, body)
      return [answer.status, answer.body['id'], answer.body['message']]
    }

    before(() => {
      heroku.createApp('refusing')
      const database = {url: 'postgres://u:p@localhost/shop'}
      heroku.sim.createPostgres({app: 'refusing', plan: 'heroku-postgresql:standard-0', name: 'pg-refusing', database})
    })

    it('without the version in the Accept header, except the Data API', async () => {
      const plain = {Accept: 'application/json'}
      const refused = await heroku.api('GET', '/apps/refusing', undefined, plain)
      expect([refused.status, refused.body['message']]).to.deep.equal([
        404,
        'The requested API endpoint was not found. Are you using the right HTTP verb (i.e. `GET` vs. `POST`), ' +
          'and did you specify your intended version with the `Accept` header?',
      ])
      expect((await heroku.api('GET', '/data/maintenances/v1/pg-refusing', undefined, plain)).status).to.equal(200)
      const variant = {Accept: 'application/vnd.heroku+json; version=3.sdk'}
      expect((await heroku.api('GET', '/apps/refusing', undefined, variant)).status).to.equal(200)
    })

    it('what is not there is named by its kind', async () => {
      const missing = async (path: string) => (await heroku.api('GET', path)).body
      const not = (thing: string, resource = thing) => ({
        id: 'not_found',
        message: `Couldn't find that ${thing}.`,
        resource,
      })
      expect(await missing('/apps/nobody')).to.deep.equal(not('app'))
      expect(await missing('/addons/nobody')).to.deep.equal(not('add on', 'add_on'))
      expect(await missing('/addon-attachments/nobody')).to.deep.equal(not('add on attachment', 'add_on attachment'))
      expect(await missing('/apps/refusing/releases/v99')).to.deep.equal(not('release'))
      expect(await missing('/apps/refusing/dynos/web.9')).to.deep.equal(not('dyno'))
      expect(await missing('/apps/refusing/features/none')).to.deep.equal(not('app feature'))
      expect(await missing('/apps/refusing/pipeline-couplings')).to.deep.equal(not('pipeline coupling'))
      expect(await missing('/teams/apps/refusing')).to.deep.equal(not('app'))
    })

    it('parameters that are missing or of another type', async () => {
      const refused = (message: string) => [422, 'invalid_params', message]
      const app = '/apps/refusing'
      expect(await refusal('POST', `${app}/dynos`, {})).to.deep.equal(refused('Require params: command.'))
      expect(await refusal('PATCH', `${app}/formation`, {})).to.deep.equal(refused('Require params: updates.'))
      expect(await refusal('PATCH', `${app}/features/preboot`, {})).to.deep.equal(refused('Require params: enabled.'))
      expect(await refusal('POST', '/addon-attachments', {})).to.deep.equal(refused('Require params: addon, app.'))
      expect(await refusal('PATCH', app, {maintenance: 'on'})).to.deep.equal(
        refused('Invalid type for key "maintenance": expected "on" to be ["boolean"].'),
      )
      expect((await refusal('PATCH', `${app}/config-vars`, [])).slice(0, 2)).to.deep.equal([400, 'bad_request'])
    })

    it('by faults of each kind, with the reference’s ids', async () => {
      const ids = {
        400: 'bad_request',
        401: 'unauthorized',
        402: 'delinquent',
        403: 'forbidden',
        404: 'not_found',
        406: 'not_acceptable',
        409: 'conflict',
        410: 'gone',
        422: 'invalid_params',
        429: 'rate_limit',
        500: 'internal_server_error',
        503: 'service_unavailable',
      }
      for (const [status, id] of Object.entries(ids)) {
        const kind = Number(status) as keyof typeof ids
        heroku.sim.faults.add({method: 'POST', path: /dynos$/, kind})
        expect((await refusal('POST', '/apps/refusing/dynos', {command: 'true'})).slice(0, 2)).to.deep.equal([kind, id])
      }
      heroku.sim.faults.add({method: 'POST', path: /dynos$/, kind: 'suspended'})
      expect((await refusal('POST', '/apps/refusing/dynos', {})).slice(0, 2)).to.deep.equal([403, 'suspended'])
      expect(heroku.sim.app('refusing').oneOffs.size).to.equal(0)
    })
  })
})
