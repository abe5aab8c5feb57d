import {expect} from 'chai'

import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {useSandbox} from '../support/world.js'
import {primaryOf} from './support.js'

/** Where the URL of the source is, for the commands. */
const NAME = 'OLD_DATABASE_URL'

describe('A source that is not a Heroku add-on', () => {
  const world = useSandbox()

  it('moves by all commands, which remember its name', async function () {
    this.timeout(180_000)
    const {sandbox} = world
    const shop = await sandbox.openShop({
      formation: {web: 1},
      connect({app, source}) {
        app.ownVars.set('DATABASE_URL', `${source.url}?application_name=shop`)
        app.releases.create('Set DATABASE_URL config var')
      },
    })
    const before = stateOf(shop.app)
    const env = {...shop.env, [NAME]: shop.source.url}
    const rds = async (command: string, ...args: string[]) => {
      const change = ['start', 'cutover', 'rollback', 'finish'].includes(command) ? ['--confirm', shop.name] : []
      const result = await sandbox.cli([`rds:${command}`, '-a', shop.name, ...change, ...args], {env})
      return {...result, all: result.stdout + result.stderr}
    }

    const unnamed = await rds('assess')
    expect(unnamed.code).to.equal(3)
    expect(unnamed.all).to.contain('no Heroku Postgres')
    expect((await rds('assess', '--source-url-env', 'NOT_SET')).code).to.equal(2)
    const assessed = await rds('assess', '--source-url-env', NAME, '--json')
    expect(assessed.code, assessed.all).to.equal(0)
    expect(assessed.stdout).to.contain('is not a Heroku add-on').and.not.contain(shop.source.password)

    const started = await rds('start', '--until-equal', '--source-url-env', NAME)
    expect(started.code, started.all).to.equal(0)
    expect((await rds('verify')).code).to.equal(0)
    const live = await rds('cutover', '--gate', 'auto')
    expect(live.code, live.all).to.equal(0)
    expect(primaryOf(shop)).to.equal('target')
    expect((await rds('status')).all).to.contain(shop.source.database)
    const back = await rds('rollback')
    expect(back.code, back.all).to.equal(0)
    expect(stateOf(shop.app)).to.deep.equal(before)

    shop.customersCome()
    await expectBusiness(shop)
    expect((await rds('cutover', '--gate', 'auto')).code).to.equal(0)
    await expectBusiness(shop)
    const destroyed = await rds('finish', '--now', '--destroy-source', 'x')
    expect(destroyed.code).to.equal(2)
    const finished = await rds('finish', '--now')
    expect(finished.code, finished.all).to.equal(0)
    expect(finished.all).to.contain('still there, and refuses writes').and.not.contain('addons:destroy')
    await expectCleanLedger(shop, 'target')
  })
})
