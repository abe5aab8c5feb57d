import {expect} from 'chai'
import {mkdtempSync} from 'node:fs'
import {join} from 'node:path'

import {herokuEnvironment, runHeroku} from '../../sandbox/heroku/index.js'
import type {App, PostgresSpec} from '../../sandbox/heroku/index.js'
import {HerokuHarness} from './heroku-harness.js'
import type {Json} from './heroku-harness.js'

const OWNER_URL = 'postgres://owner:secret@localhost:5432/shop'
const APP_URL = 'postgres://app:app-secret@localhost:5432/shop'
/** Asks an attachment for its config vars. */
const VARS = {'Accept-Inclusion': 'config_vars'}
const POOL_URL = 'postgres://owner:secret@localhost:6432/shop'

describe('sandbox: plans of Heroku Postgres', function () {
  this.timeout(60_000)
  let heroku: HerokuHarness

  before(async () => {
    heroku = await HerokuHarness.open()
  })

  after(() => heroku.close())

  const create = (name: string, plan: string, spec: Partial<PostgresSpec> = {}): App => {
    const app = heroku.createApp(name)
    const {database = {url: OWNER_URL}, ...rest} = spec
    heroku.sim.createPostgres({app: name, plan: `heroku-postgresql:${plan}`, name: `pg-${name}`, database, ...rest})
    return app
  }
  const attach = (app: string, body: Json) =>
    heroku.api('POST', '/addon-attachments', {app, addon: `pg-${app}`, ...body}, VARS)
  const get = (path: string) => heroku.api('GET', path)
  const info = async (name: string) => {
    const {body} = await heroku.api<{info: {name: string; values: string[]}[]}>(
      'GET',
      `/client/v11/databases/pg-${name}`,
    )
    return Object.fromEntries(body.info.map((line) => [line.name, line.values]))
  }

  describe('Advanced', () => {
    let app: App

    before(() => {
      app = create('advanced', 'advanced-beta', {
        namespace: 'role:app|proxy:false|pool:leader',
        credentials: {app: APP_URL},
        pools: {reports: POOL_URL},
      })
    })

    it('is attached by role, pool and proxy', async () => {
      expect(app.configVars).to.deep.equal({DATABASE_URL: APP_URL})
      const made = await attach('advanced', {
        name: 'REPORTS',
        namespace_config: {pool: 'reports', proxy: 'false', role: 'app'},
      })
      expect([made.status, made.body['namespace'], made.body['config_vars']]).to.deep.equal([
        201,
        'role:app|proxy:false|pool:reports',
        ['REPORTS_URL'],
      ])
      await attach('advanced', {name: 'BY_POOL', namespace: 'pool:reports'})
      await attach('advanced', {name: 'PLAIN'})
      expect(app.configVars).to.deep.equal({
        DATABASE_URL: APP_URL,
        REPORTS_URL: 'postgres://app:app-secret@localhost:6432/shop',
        BY_POOL_URL: POOL_URL,
        PLAIN_URL: OWNER_URL,
      })
    })

    it('refuses what it has not, in the words that the stock command looks for', async () => {
      const message = async (body: Json) => {
        const refused = await attach('advanced', body)
        expect(refused.status).to.equal(422)
        return refused.body['message']
      }
      expect(await message({namespace_config: {role: 'nobody'}})).to.include('invalid credential provided')
      expect(await message({namespace_config: {pool: 'none'}})).to.include('invalid pool provided')
      expect(await message({namespace: 'proxy:true'})).to.include('proxy')
      expect(await message({namespace: 'credential:app'})).to.include('Invalid namespace')
      expect(await message({namespace: 'connection-pooling:default'})).to.include('Invalid namespace')
      expect((await get('/addons/pg-advanced/config/role:app')).body).to.have.length(1)
      expect((await get('/addons/pg-advanced/config/role:nobody')).body).to.deep.equal([])
    })

    it('has paths of its own in the Data API, and none of the classic ones', async () => {
      const path = '/data/postgres/v1/pg-advanced'
      const {body} = await heroku.api<{pools: Json[]; tier: string}>('GET', `${path}/info`)
      expect([body.tier, body.pools.map(({name}) => name)]).to.deep.equal(['advanced', ['leader', 'reports']])
      const items = async (list: string) => (await heroku.api<{items: Json[]}>('GET', `${path}/${list}`)).body.items
      const credentials = await items('credentials')
      expect(credentials.map(({name, type}) => [name, type])).to.deep.equal([
        ['owner', 'owner'],
        ['app', 'additional'],
      ])
      expect((await get(`${path}/credentials/app`)).body).to.deep.equal(credentials[1])
      expect((await items('settings'))[0]).to.have.keys('name', 'current', 'default', 'reboot_required')
      expect((await items('pools')).map(({name}) => name)).to.deep.equal(['leader', 'reports'])
      expect((await get(`${path}/wait_status`)).body).to.deep.equal({message: null, waiting: false})
      for (const classic of ['', '/wait_status', '/bastion', '/links']) {
        expect((await get(`/client/v11/databases/pg-advanced${classic}`)).status, classic).to.equal(404)
      }
      expect((await get('/postgres/v0/databases/pg-advanced/credentials')).status).to.equal(404)
      create('classic', 'premium-4')
      expect((await get('/data/postgres/v1/pg-classic/info')).status).to.equal(404)
      expect((await get('/data/maintenances/v1/pg-advanced')).status).to.equal(200)
    })

    it('a rotated role has its new URL in every pool', () => {
      heroku.sim.rotateCredentials('pg-advanced', 'postgres://app:new@localhost:5432/shop', 'app')
      expect(app.configVars).to.deep.include({
        DATABASE_URL: 'postgres://app:new@localhost:5432/shop',
        REPORTS_URL: 'postgres://app:new@localhost:6432/shop',
        PLAIN_URL: OWNER_URL,
      })
    })

    it('is shown by the stock command', async () => {
      const env = herokuEnvironment(heroku.sim, mkdtempSync(join(heroku.dir, 'home-')))
      const shown = await runHeroku(['data:pg:info', 'pg-advanced', '-a', 'advanced'], env)
      expect(shown.stdout)
        .to.match(/Plan:\s+Advanced/)
        .and.match(/Follower pool reports \(attached as .*REPORTS/)
        .and.match(/Leader pool \(attached as .*DATABASE/)
    })
  })

  describe('classic', () => {
    it('a credential, the pooler and the default one are attachments of the same database', async () => {
      const app = create('mixed', 'standard-0', {
        namespace: 'credential:app',
        credentials: {app: APP_URL},
        database: {url: OWNER_URL, poolUrl: POOL_URL},
      })
      expect(app.configVars).to.deep.equal({DATABASE_URL: APP_URL})
      const pooled = await heroku.api('POST', '/client/v11/databases/pg-mixed/connection-pooling', {
        app: 'mixed',
        credential: 'default',
        name: 'DATABASE_CONNECTION_POOL',
      })
      expect(pooled.body).to.deep.equal({name: 'DATABASE_CONNECTION_POOL'})
      const body = {app: 'mixed', addon_attachment: 'pg-mixed'}
      await attach('mixed', {name: 'OWNER'})
      const found = await heroku.api<Json[]>('POST', '/actions/addon-attachments/resolve', body, VARS)
      const inOrder = found.body.sort((one, other) => String(one['name']).localeCompare(String(other['name'])))
      expect(inOrder.map(({name, namespace, config_vars: vars}) => [name, namespace, vars])).to.deep.equal([
        ['DATABASE', 'credential:app', ['DATABASE_URL']],
        ['DATABASE_CONNECTION_POOL', 'connection-pooling:default', ['DATABASE_CONNECTION_POOL_URL']],
        ['OWNER', null, ['OWNER_URL']],
      ])
      const taken = await attach('mixed', {name: 'DATABASE'})
      expect([taken.status, taken.body['id']]).to.deep.equal([423, 'confirmation_required'])
      expect((await attach('mixed', {name: 'DATABASE', confirm: 'mixed'})).body['namespace']).to.equal(null)
      expect(app.configVars).to.deep.include({DATABASE_URL: OWNER_URL, DATABASE_CONNECTION_POOL_URL: POOL_URL})
      expect((await attach('mixed', {namespace: 'role:app'})).status).to.equal(422)
      expect((await attach('mixed', {namespace: 'credential:nobody'})).status).to.equal(404)
    })

    it('Essential has no credentials, no pooler and none of their lines', async () => {
      create('essential', 'essential-1', {database: {url: OWNER_URL, poolUrl: POOL_URL}})
      expect((await attach('essential', {namespace: 'connection-pooling:default'})).status).to.equal(422)
      expect((await attach('essential', {namespace: 'credential:default'})).status).to.equal(422)
      expect(() => create('rich', 'essential-0', {credentials: {app: APP_URL}})).to.throw('Essential')
      const lines = await info('essential')
      expect(lines).to.deep.include({
        'Data Size': ['0.00 GB / 10 GB (0.00%)'],
        Connections: ['0/20'],
        'Fork/Follow': ['Unsupported'],
        'Continuous Protection': ['Off'],
      })
      expect(lines).to.not.have.any.keys('Credentials', 'Connection Pooling', 'HA Status', 'Followers')
      create('large', 'premium-4')
      expect(await info('large')).to.deep.include({
        'HA Status': ['Available'],
        'Data Size': ['0.00 GB / 768 GB (0.00%)'],
      })
    })

    it('Private has a bastion, Shield the same in config vars, and others none', async () => {
      const bastion = {host: 'bastion.example.com', privateKey: 'key'}
      const answer = async (name: string) => (await get(`/client/v11/databases/pg-${name}/bastion`)).body
      create('private', 'private-0')
      expect(await answer('private')).to.have.keys('host', 'private_key')
      create('tunnelled', 'private-2', {bastion})
      expect(await answer('tunnelled')).to.deep.equal({host: 'bastion.example.com', private_key: 'key'})
      const shield = create('shield', 'shield-0', {bastion})
      expect(await answer('shield')).to.deep.equal({})
      expect(shield.configVars).to.deep.equal({
        DATABASE_URL: OWNER_URL,
        DATABASE_BASTIONS: 'bastion.example.com',
        DATABASE_BASTION_KEY: 'key',
      })
      create('public', 'standard-0')
      expect(await answer('public')).to.deep.equal({})
    })
  })
})
