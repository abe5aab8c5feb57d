import {expect} from 'chai'
import pg from 'pg'

import type {Shop} from '../../sandbox/shop.js'
import type {Assessment} from '../../src/lib/ports/assessment.js'
import {useSandbox} from '../support/world.js'

describe('What an assessment may not read is unknown, never fine', () => {
  const world = useSandbox()
  let shop: Shop

  before('a shop whose database another app shares', async () => {
    shop = await world.sandbox.openShop({formation: {web: 1}})
    shop.attachApp('reports', {worker: 'sleep 1000'}, {})
  })

  const assessed = async (env: NodeJS.ProcessEnv = {}, ...args: string[]) => {
    const options = {env: {...shop.env, ...env}}
    const {code, stdout, stderr} = await world.sandbox.cli(['rds:assess', '-a', shop.name, '--json', ...args], options)
    expect(stderr).not.to.match(/\n\s+at /)
    const {findings, ...rest} = JSON.parse(stdout) as Assessment
    const unknown = findings.filter(({level}) => level === 'unknown')
    return {code, rest, unknown: unknown.map(({check}) => check), said: unknown.map(({what}) => what).join('\n')}
  }
  const onSource = async (sql: string) => {
    const client = new pg.Client({connectionString: shop.source.url, ssl: {rejectUnauthorized: false}})
    await client.connect()
    await client.query(sql).finally(() => client.end())
  }

  it('nothing hidden: exit code 0', async () => {
    const {code, unknown, rest} = await assessed()
    expect({code, unknown}).to.deep.equal({code: 0, unknown: []})
    expect(rest.apps.map(({name}) => name)).to.deep.equal([shop.name, 'reports'])
  })

  it('an app that Heroku lists and does not let us look at', async () => {
    const {faults} = world.sandbox.heroku
    faults.add({method: 'GET', path: /^\/apps\/reports/, kind: 403, always: true})
    const {code, unknown, said, rest} = await assessed()
    faults.clear()
    expect({code, unknown}).to.deep.equal({code: 4, unknown: ['unseen-apps']})
    expect(said).to.contain('reports could not be inspected: Heroku refused')
    expect(rest.apps.map(({name}) => name)).to.deep.equal([shop.name])
    expect(rest.unseen.map(({app}) => app)).to.deep.equal(['reports'])
  })

  it('an app that Heroku hides, and that the database is billed to', async () => {
    const owner = world.sandbox.heroku.createApp({name: 'owner', slug: {dir: '.', processTypes: {}}})
    const addon = shop.addon as {app: unknown}
    const before = addon.app
    addon.app = owner
    owner.platform.setPermission(owner, false)
    const {code, unknown, said} = await assessed()
    addon.app = before
    expect({code, unknown}).to.deep.equal({code: 4, unknown: ['unseen-apps']})
    expect(said).to.contain('owner could not be inspected')
  })

  it('a schema that the credential may not read', async () => {
    await onSource(
      'create schema sealed; create table sealed.box (id int primary key); revoke usage on schema sealed from current_user',
    )
    const {code, unknown, said} = await assessed()
    await onSource('grant usage on schema sealed to current_user; drop schema sealed cascade')
    expect({code, unknown}).to.deep.equal({code: 4, unknown: ['unreadable-tables']})
    expect(said).to.contain('schema sealed')
  })

  it('AWS without credentials, with a target and without one', async () => {
    const nobody = {
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      AWS_PROFILE: '',
      AWS_EC2_METADATA_DISABLED: 'true',
      HOME: world.sandbox.home,
    }
    const named = await assessed(nobody)
    expect(named.code).to.equal(4)
    expect(named.unknown).to.include.members(['target-storage', 'target-backups'])
    expect(named.said).to.match(/credentials/i)
    const unnamed = await assessed({...nobody, RDS_DATABASE_URL: ''})
    expect({code: unnamed.code, unknown: unnamed.unknown}).to.deep.equal({code: 4, unknown: ['offered-versions']})
  })

  for (const [kind, path, expected] of [
    [404, /\/client\/v11\/databases\/[^/]+$/, ['followers']],
    [403, /\/client\/v11\/databases\/[^/]+$/, ['followers']],
    [500, /\/apps\/reports\/formation$/, ['unseen-apps']],
    [403, /\/addons\/[^/]+\/addon-attachments$/, ['unseen-apps']],
  ] as const) {
    it(`an API that answers ${kind} to ${path.source}`, async () => {
      const {faults} = world.sandbox.heroku
      faults.add({method: 'GET', path, kind, always: true})
      const {code, unknown} = await assessed()
      const fired = faults.fired.length
      faults.clear()
      expect(fired).to.be.at.least(1)
      expect(code).to.equal(4)
      expect(unknown).to.include.members([...expected])
    })
  }
})
