import {expect} from 'chai'
import {mkdtempSync} from 'node:fs'
import {join} from 'node:path'

import {herokuEnvironment, runHeroku} from '../../sandbox/heroku/index.js'
import type {Addon, App} from '../../sandbox/heroku/index.js'
import {HerokuHarness, isRunning} from './heroku-harness.js'

const URL_ONE = 'postgres://u:first@localhost:5432/shop'
const URL_TWO = 'postgres://u:second@localhost:5432/shop'

describe('sandbox: Heroku with the stock heroku command', function () {
  this.timeout(60_000)
  let heroku: HerokuHarness
  let app: App
  let database: Addon
  let env: NodeJS.ProcessEnv
  const run = (...args: string[]) => runHeroku(args, env)

  before(async () => {
    heroku = await HerokuHarness.open()
    env = herokuEnvironment(heroku.sim, mkdtempSync(join(heroku.dir, 'home-')))
    app = heroku.createApp('demo', {formation: {web: 1}, configVars: {FOO: 'one'}})
    database = heroku.sim.createPostgres({
      app: 'demo',
      plan: 'heroku-postgresql:standard-0',
      name: 'postgresql-curly-12345',
      database: {
        url: URL_ONE,
        measure: () => Promise.resolve({version: '15.18', bytes: 2 * 1024 ** 3, tables: 7, connections: 11}),
      },
      credentials: {reporting: 'postgres://r:x@localhost:5432/shop'},
    })
    heroku.sim.createAddon({app: 'demo', plan: 'scheduler:standard'})
    await app.settle()
  })

  after(() => heroku.close())

  it('apps:info, config, addons, pg:info', async () => {
    const info = await run('apps:info', '-a', 'demo')
    expect(info.stderr).to.equal('')
    expect(info.stdout)
      .to.match(/=== demo/)
      .and.match(/heroku-24/)
      .and.match(/web: 1/)
    const config = await run('config', '-a', 'demo', '--json')
    expect(JSON.parse(config.stdout)).to.deep.equal({FOO: 'one', DATABASE_URL: URL_ONE})
    const addons = await run('addons', '-a', 'demo')
    expect(addons.stdout)
      .to.match(/heroku-postgresql \(postgresql-curly-12345\)/)
      .and.match(/as DATABASE/)
    const pg = await run('pg:info', '-a', 'demo')
    expect(pg.stdout)
      .to.match(/=== DATABASE_URL/)
      .and.match(/PG Version:\s+15\.18/)
      .and.match(/Connections:\s+11\/120/)
    expect(pg.stdout).to.match(/Data Size:\s+2\.00 GB/)
  })

  it('config:set makes a release and restarts; an attachment var is refused', async () => {
    const before = app.releases.current.version
    const set = await run('config:set', 'FOO=two', '-a', 'demo')
    expect(set.stderr).to.match(new RegExp(`done, v${before + 1}`))
    await app.settle()
    expect((await heroku.visit('demo')).foo).to.equal('two')
    const refused = await run('config:set', 'BAR=1', `DATABASE_URL=${URL_TWO}`, '-a', 'demo')
    expect(refused.code).to.not.equal(0)
    expect(refused.stderr).to.include('Cannot overwrite attachment values DATABASE_URL.')
    expect(app.configVars).to.deep.equal({FOO: 'two', DATABASE_URL: URL_ONE})
    expect(heroku.sim.calls.at(-1)).to.deep.include({method: 'PATCH', path: '/apps/demo/config-vars', status: 422})
  })

  it('maintenance:on and maintenance:off change only the router', async () => {
    expect((await run('maintenance:on', '-a', 'demo')).code).to.equal(0)
    expect(await heroku.visit('demo')).to.deep.include({status: 503})
    expect(app.dynos.map(({state}) => state)).to.deep.equal(['up'])
    expect((await run('maintenance:off', '-a', 'demo')).code).to.equal(0)
    expect(await heroku.visit('demo')).to.deep.include({status: 200})
  })

  it('ps, ps:scale, ps:restart', async () => {
    const scaled = await run('ps:scale', 'web=2', 'worker+1', '-a', 'demo')
    expect(scaled.stderr).to.match(/now running.*web at 2.*worker at 1/)
    await app.settle()
    const ps = await run('ps', '-a', 'demo')
    expect(ps.stdout)
      .to.match(/web\.1: up/)
      .and.match(/web\.2: up/)
      .and.match(/worker\.1: up/)
    const pids = app.dynos.map(({pid}) => pid)
    expect((await run('ps:restart', '-a', 'demo')).code).to.equal(0)
    await app.settle()
    expect(app.dynos.map(({pid}) => pid))
      .to.have.length(3)
      .and.not.include.members(pids)
    expect(pids.filter((pid) => isRunning(pid!))).to.deep.equal([])
    expect((await run('ps:scale', 'web=1', 'worker=0', '-a', 'demo')).code).to.equal(0)
  })

  it('run:detached, with its output in the logs', async () => {
    const detached = await run('run:detached', '-a', 'demo', 'echo $DYNO says $FOO')
    const name = /--dyno (run\.\d+)/.exec(detached.stdout)?.[1]
    expect(name).to.be.a('string')
    await app.changes.until(() => app.oneOffs.size === 0, 5000)
    const logs = await run('logs', '-a', 'demo', '--dyno', name!)
    expect(logs.stdout).to.include(`app[${name}]: ${name} says two`)
  })

  it('addons:attach, addons:detach, releases', async () => {
    const last = await run('addons:detach', 'DATABASE', '-a', 'demo')
    expect(unwrapped(last.stderr)).to.include(
      'Cannot destroy last attachment to billing app for resource postgresql-curly-12345',
    )
    const attached = await run('addons:attach', database.name, '--as', 'OLD_DB', '-a', 'demo')
    expect(attached.stderr).to.match(/Setting OLD_DB config vars and restarting.*done, v\d+/s)
    const detached = await run('addons:detach', 'DATABASE', '-a', 'demo')
    expect(detached.stderr).to.match(/done, v\d+/)
    expect(app.configVars).to.deep.equal({FOO: 'two', OLD_DB_URL: URL_ONE})
    const releases = await run('releases', '-a', 'demo')
    expect(releases.stdout).to.include('Attach OLD_DB (@ref:postgresql-curly-12345)')
    expect(releases.stdout).to.include('Detach DATABASE (@ref:postgresql-curly-12345)')
  })
})

/** An error message of the command without the line breaks of its frame. */
function unwrapped(message: string): string {
  return message.replace(/\s*›?\s+/g, ' ')
}
