import {APIClient} from '@heroku-cli/command'
import {Config} from '@oclif/core'
import {expect} from 'chai'
import {mkdtempSync} from 'node:fs'
import {join} from 'node:path'

import {herokuEnvironment, runHeroku} from '../../sandbox/heroku/index.js'
import {RateLimit} from '../../sandbox/heroku/rate-limit.js'
import {HerokuHarness} from './heroku-harness.js'

const PLAN = 'heroku-postgresql:standard-0'

interface Release {
  id: string
  version: number
}

describe('sandbox: how the Heroku API counts, pages and caches', function () {
  this.timeout(60_000)
  let heroku: HerokuHarness

  before(async () => {
    heroku = await HerokuHarness.open()
  })

  after(() => heroku.close())

  const as = (token: string) => ({Authorization: `Bearer ${token}`})
  const releases = (app: string, headers: Record<string, string> = {}) =>
    heroku.api<Release[]>('GET', `/apps/${app}/releases`, undefined, headers)
  const versions = ({body}: {body: Release[]}) => body.map(({version}) => version)

  describe('requests', () => {
    it('a pool of 4500 fills by 75 a minute', () => {
      let now = 0
      const limit = new RateLimit(4500, () => now)
      for (let request = 0; request < 4500; request++) expect(limit.take()).to.equal(true)
      expect([limit.remaining, limit.take(), limit.counted]).to.deep.equal([0, false, 4500])
      now += 60_000
      expect(limit.remaining).to.equal(75)
      now += 3_600_000
      expect(limit.remaining).to.equal(4500)
    })

    it('are counted by account, by both of its ways to log in; asking for the rest is free', async () => {
      const {email, token} = heroku.sim.createAccount({email: 'counted@example.com'})
      const basic = {Authorization: `Basic ${Buffer.from(`:${token}`).toString('base64')}`}
      const operators = heroku.sim.requests()
      const first = await heroku.api('GET', '/account', undefined, as(token))
      const second = await heroku.api('GET', '/account', undefined, basic)
      expect([first, second].map(({headers}) => headers.get('RateLimit-Remaining'))).to.deep.equal(['4499', '4498'])
      const rest = await heroku.api('GET', '/account/rate-limits', undefined, as(token))
      expect(rest.body).to.deep.equal({remaining: 4498})
      expect([heroku.sim.requests(email), heroku.sim.requests()]).to.deep.equal([2, operators])
      expect(heroku.sim.calls.at(-1)).to.deep.include({account: email, path: '/account/rate-limits'})
    })

    it('are refused when none is left, and have no effect; other accounts go on', async () => {
      const app = heroku.createApp('throttled')
      const {email, token} = heroku.sim.createAccount({email: 'busy@example.com', requestLimit: 2})
      heroku.sim.setRights('throttled', ['operate'], email)
      for (let request = 0; request < 2; request++) await heroku.api('GET', '/account', undefined, as(token))
      const refused = await heroku.api('PATCH', '/apps/throttled/config-vars', {A: '1'}, as(token))
      expect(refused.status).to.equal(429)
      expect(refused.body).to.deep.equal({
        id: 'rate_limit',
        message: 'Your account reached the API rate limit\nPlease wait a few minutes before making new requests',
        url: 'https://devcenter.heroku.com/articles/platform-api-reference#rate-limits',
      })
      expect(refused.headers.get('RateLimit-Remaining')).to.equal('0')
      expect(refused.headers.get('Retry-After')).to.equal(null)
      expect([app.configVars, heroku.sim.requests(email)]).to.deep.equal([{}, 2])
      expect((await heroku.api('GET', '/account')).status).to.equal(200)
      heroku.sim.setRequestsLeft(1, email)
      expect((await heroku.api('PATCH', '/apps/throttled/config-vars', {A: '1'}, as(token))).status).to.equal(200)
      expect((await heroku.api('GET', '/account', undefined, as(token))).status).to.equal(429)
    })
  })

  describe('lists', () => {
    before(() => heroku.createApp('old', {releases: 1000}))

    it('come in pages of 200 by id, with a way to the next', async () => {
      const page = await releases('old')
      expect([page.status, page.body.length]).to.deep.equal([206, 200])
      const ids = page.body.map(({id}) => id)
      expect(ids).to.deep.equal(ids.toSorted())
      expect(page.headers.get('Accept-Ranges')).to.equal('id, version')
      expect(page.headers.get('Content-Range')).to.equal(`id ${ids[0]}..${ids.at(-1)}; max=200`)
      expect(page.headers.get('Next-Range')).to.equal(`id ]${ids.at(-1)}..; max=200`)
      const next = await releases('old', {Range: page.headers.get('Next-Range')!})
      expect(next.body.map(({id}) => id).filter((id) => ids.includes(id))).to.deep.equal([])
    })

    it('by version, in both directions, with bounds and a length of 1000 at most', async () => {
      const newest = await releases('old', {Range: 'version ..; order=desc,max=2;'})
      expect(versions(newest)).to.deep.equal([1000, 999])
      expect(newest.headers.get('Next-Range')).to.equal('version ]999..; max=2, order=desc')
      expect(versions(await releases('old', {Range: 'version ]999..; max=2, order=desc'}))).to.deep.equal([998, 997])
      const bounded = await releases('old', {Range: 'version 5..7'})
      expect([bounded.status, versions(bounded)]).to.deep.equal([200, [5, 6, 7]])
      expect(bounded.headers.get('Next-Range')).to.equal(null)
      const last = await releases('old', {Range: 'version 999..; max=2'})
      expect([last.status, versions(last)]).to.deep.equal([200, [999, 1000]])
      heroku.createApp('older', {releases: 1001})
      const large = await releases('older', {Range: 'version ..; max=5000'})
      expect([large.status, large.body.length]).to.deep.equal([206, 1000])
    })

    it('cannot be had by what they are not ordered by', async () => {
      for (const Range of ['status ..', 'version x..', 'nonsense', 'id ..; max=0']) {
        const refused = await heroku.api('GET', '/apps/old/releases', undefined, {Range})
        expect([Range, refused.status, refused.body['id']]).to.deep.equal([
          Range,
          416,
          'requested_range_not_satisfiable',
        ])
      }
    })

    it('all have the fields of the reference', async () => {
      heroku.sim.createPostgres({app: 'old', plan: PLAN, database: {url: 'postgres://u:p@localhost/shop'}})
      const ranges = async (path: string) => (await heroku.api('GET', path)).headers.get('Accept-Ranges')
      expect(await ranges('/apps')).to.equal('id, name, updated_at')
      for (const list of ['addons', 'dynos', 'features']) expect(await ranges(`/apps/old/${list}`)).to.equal('id, name')
      expect(await ranges('/apps/old/formation')).to.equal('id, type')
      expect(await ranges('/apps/old/addon-attachments')).to.equal('id')
      expect(await ranges('/apps/old/collaborators')).to.equal('id')
    })

    it('the CLI’s client follows them to the end unless it asks for a part', async () => {
      const {HEROKU_HOST, HEROKU_API_KEY} = herokuEnvironment(heroku.sim, mkdtempSync(join(heroku.dir, 'home-')))
      Object.assign(process.env, {HEROKU_HOST, HEROKU_API_KEY})
      try {
        const client = new APIClient(await Config.load(import.meta.dirname))
        const newest = {headers: {Range: 'version ..; max=10, order=desc'}}
        const count = heroku.sim.requests()
        const all = await client.get<Release[]>('/apps/old/releases', newest)
        expect(versions(all)).to.deep.equal(Array.from({length: all.body.length}, (_, n) => all.body.length - n))
        expect(heroku.sim.requests() - count).to.equal(Math.ceil(all.body.length / 10))
        const part = await client.get<Release[]>('/apps/old/releases', {...newest, partial: true})
        expect([part.body.length, heroku.sim.requests() - count]).to.deep.equal([
          10,
          Math.ceil(all.body.length / 10) + 1,
        ])
      } finally {
        delete process.env['HEROKU_HOST']
        delete process.env['HEROKU_API_KEY']
      }
    })

    it('the stock command shows the newest of many', async () => {
      const env = herokuEnvironment(heroku.sim, mkdtempSync(join(heroku.dir, 'home-')))
      const shown = await runHeroku(['releases', '-n', '3', '-a', 'older'], env)
      expect(shown.stderr).to.equal('')
      expect(shown.stdout)
        .to.match(/v1001.*\n.*v1000.*\n.*v999/)
        .and.not.include('v998')
    })
  })

  describe('entity tags', () => {
    it('304 without a body while nothing has changed', async () => {
      heroku.createApp('tagged')
      const get = (headers: Record<string, string> = {}) =>
        fetch(`${heroku.sim.url}/apps/tagged/config-vars`, {
          headers: {Accept: 'application/vnd.heroku+json; version=3', ...as(heroku.sim.token), ...headers},
        })
      const tag = (await get()).headers.get('ETag')!
      expect(tag).to.match(/^"[\da-f]{32}"$/)
      const same = await get({'If-None-Match': tag})
      expect([same.status, await same.text(), same.headers.get('ETag')]).to.deep.equal([304, '', tag])
      await heroku.api('PATCH', '/apps/tagged/config-vars', {A: '1'})
      const changed = await get({'If-None-Match': tag})
      expect([changed.status, await changed.json()]).to.deep.equal([200, {A: '1'}])
    })
  })
})
