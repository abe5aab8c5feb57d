import {APIClient} from '@heroku-cli/command'
import {Config} from '@oclif/core'
import {expect} from 'chai'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

import {type Fault, herokuEnvironment, type HerokuSimulator, startHeroku} from '../../sandbox/heroku/index.js'
import {clock} from '../../src/lib/adapters/clock.js'
import {HerokuClient} from '../../src/lib/adapters/heroku-client.js'
import {herokuOf} from '../../src/lib/adapters/heroku.js'
import type {HerokuUnderLock} from '../../src/lib/ports/ports.js'
import {Secret} from '../../src/lib/ports/secret.js'
import {errorOf} from '../support/servers.js'

/** Long for a simulator, short for a test. */
const REQUEST_MS = 300

describe("Heroku's client", () => {
  const home = mkdtempSync(join(tmpdir(), 'heroku-client-'))
  let sim: HerokuSimulator
  let heroku: HerokuUnderLock

  before(async () => {
    sim = await startHeroku({releaseSeconds: 0.01})
    Object.assign(process.env, herokuEnvironment(sim, home))
    sim.createApp({name: 'shop', slug: {dir: home, processTypes: {}}, releases: 1000})
    sim.createPostgres({
      app: 'shop',
      plan: 'heroku-postgresql:standard-0',
      name: 'pg',
      database: {url: 'postgres://u:p@h/d'},
    })
    heroku = herokuOf(
      new HerokuClient(new APIClient(await Config.load(import.meta.dirname)), clock, {requestMs: REQUEST_MS}),
      clock,
    ).underLock(new AbortController().signal, () => Promise.resolve())
  })

  afterEach(() => sim.faults.clear())

  after(async () => {
    await sim.stop()
    rmSync(home, {recursive: true})
  })

  const break_ = (fault: Fault) => sim.faults.add(fault)
  const requests = async (work: () => Promise<unknown>) => {
    const before = sim.calls.length
    await work()
    return sim.calls.slice(before).map(({method, path}) => `${method} ${path}`)
  }

  it('asks once for the newest of a thousand releases', async () => {
    expect(await requests(() => heroku.latestRelease('shop'))).to.deep.equal(['GET /apps/shop/releases'])
  })

  it('asks again after a request that hangs', async () => {
    break_({method: 'GET', path: /config-vars/, kind: 'hang'})
    const asked = await requests(() => heroku.configVars('shop'))
    expect(asked).to.deep.equal(['GET /apps/shop/config-vars', 'GET /apps/shop/config-vars'])
  })

  it('does not wait for a hanging request once the run has ended', async () => {
    break_({method: 'GET', path: /dynos/, kind: 'hang', always: true})
    const run = new AbortController()
    const asking = errorOf(heroku.under(run.signal).dynos('shop'))
    run.abort(new Error('the budget is used up'))
    expect((await asking).message).to.equal('the budget is used up')
  })

  it('knows what became of a change that was on its way when the run ended', async () => {
    break_({method: 'PATCH', path: /config-vars/, kind: 'delay', delayMs: REQUEST_MS / 2})
    const run = new AbortController()
    const setting = heroku.under(run.signal).setConfigVars('shop', {ON_ITS_WAY: new Secret('1')})
    run.abort(new Error('the budget is used up'))
    await setting
    expect(sim.app('shop').configVars['ON_ITS_WAY']).to.equal('1')
  })

  for (const [what, patienceSeconds, seconds] of [
    ['that only looks', undefined, 15],
    ['that has closed an app', 900, 900],
  ] as const) {
    it(`gives up on an answer that stops in the midst, and on an outage, in time (a run ${what})`, async () => {
      let now = 0
      const clock = {now: () => new Date((now += 1000)), sleep: () => Promise.resolve()}
      const silent = {
        request: () => new Promise(() => undefined),
        twoFactorPrompt: () => Promise.resolve(''),
      } as unknown as APIClient
      const told: string[] = []
      const client = new HerokuClient(silent, clock, {
        requestMs: 1,
        ...(patienceSeconds ? {patienceSeconds} : {}),
        tell: (line) => told.push(line),
      })
      const error = await errorOf(client.get('/apps/shop'))
      expect(error.message).to.contain('Heroku answered nothing to GET /apps/shop')
      expect(now / 1000).to.be.within(seconds, seconds + 10)
      expect(told).to.deep.equal(['Heroku does not answer; trying on'])
    })
  }

  it('sets again what was set when the answer was lost: one release', async () => {
    const {version} = await heroku.latestRelease('shop')
    break_({method: 'PATCH', path: /config-vars/, kind: 'hang', afterEffect: true})
    await heroku.setConfigVars('shop', {A: new Secret('1')})
    expect((await heroku.latestRelease('shop')).version).to.equal(version + 1)
  })

  for (const kind of ['hang', 'timeout', 'reset-after'] as const) {
    it(`looks for what was attached when the answer was lost (${kind}), and attaches once`, async () => {
      const name = `BY_${kind.toUpperCase().replace('-', '_')}`
      break_({method: 'POST', path: /addon-attachments/, kind, afterEffect: true, delayMs: 10})
      const asked = await requests(() => heroku.attach({app: 'shop', name, namespace: null}, 'pg'))
      expect(sim.app('shop').attachments.filter((one) => one.name === name)).to.have.length(1)
      // The CLI's own client repeats what a broken connection has swallowed; that is answered by "taken".
      expect(asked.filter((one) => one.startsWith('POST')).length).to.be.at.most(kind === 'reset-after' ? 2 : 1)
    })
  }

  const words: [what: string, kind: Fault['kind'], code: string, exit: number][] = [
    ['a login that has ended', 401, 'not_logged_in', 3],
    ['a missing right', 403, 'forbidden', 3],
    ['a second factor that nobody can give here', 'two_factor', 'two_factor', 3],
  ]
  for (const [what, kind, code, exit] of words) {
    it(`has words of its own for ${what}`, async () => {
      break_({method: 'GET', path: /formation/, kind, always: true})
      const error = await errorOf(heroku.formation('shop'))
      expect([error.code, (error as unknown as {oclif: {exit: number}}).oclif.exit]).to.deep.equal([code, exit])
    })
  }

  it('gives a person the time that a second factor takes', async () => {
    const api = new APIClient(await Config.load(import.meta.dirname))
    let asked = 0
    api.twoFactorPrompt = async () => {
      asked++
      await clock.sleep(3 * REQUEST_MS)
      return '123456'
    }
    const patient = herokuOf(new HerokuClient(api, clock, {requestMs: REQUEST_MS}), clock)
    break_({method: 'GET', path: /formation/, kind: 'two_factor'})
    await patient.formation('shop')
    expect(asked).to.equal(1)
  })

  it('waits out a rate limit, however long', async () => {
    break_({method: 'GET', path: /formation/, kind: 429, retryAfter: 1})
    expect(await requests(() => heroku.formation('shop'))).to.have.length(2)
  })
})
