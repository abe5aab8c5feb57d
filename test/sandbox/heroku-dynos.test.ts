import {expect} from 'chai'
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {readFileSync, writeFileSync} from 'node:fs'
import {request as httpRequest} from 'node:http'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'

import {startHeroku} from '../../sandbox/heroku/index.js'
import {condition, HerokuHarness, isRunning, readUntil} from './heroku-harness.js'
import type {Json} from './heroku-harness.js'

describe('sandbox: Heroku dynos', function () {
  this.timeout(60_000)
  let heroku: HerokuHarness

  before(async () => {
    heroku = await HerokuHarness.open()
  })

  after(() => heroku.close())

  describe('dynos', () => {
    const work = () => readFileSync(join(heroku.dir, 'work.txt'), 'utf8').trimEnd().split('\n')

    it('have only their config, restart with the new one, and stop with all their processes', async () => {
      const app = heroku.createApp('crew', {formation: {web: 1, worker: 1}, configVars: {FOO: 'a', SECRET: 's'}})
      await app.settle()
      const {env} = await heroku.visit('crew')
      expect(Object.keys(env!).sort()).to.include.members(['DYNO', 'FOO', 'HOME', 'LANG', 'PATH', 'PORT', 'SECRET'])
      expect(env).to.not.have.any.keys('HEROKU_API_KEY', 'NODE_OPTIONS', 'npm_lifecycle_event', 'DISABLE_TELEMETRY')
      await heroku.api('PATCH', '/apps/crew/config-vars', {FOO: 'b'})
      await app.settle()
      await condition(() => work().at(-1) === 'worker.1 b')
      expect((await heroku.visit('crew')).foo).to.equal('b')
      const child = Number(readFileSync(join(heroku.dir, 'worker.1.child'), 'utf8'))
      const pids = app.dynos.map(({pid}) => pid!)
      expect([child, ...pids].filter(isRunning)).to.have.length(3)
      const updates = [
        {type: 'web', quantity: '0'},
        {type: 'worker', quantity: 0},
      ]
      expect((await heroku.api('PATCH', '/apps/crew/formation', {updates})).status).to.equal(200)
      expect((await heroku.api('GET', '/apps/crew/dynos')).body).to.deep.equal([])
      await app.changes.until(() => app.running.size === 0, 5000)
      await condition(() => ![child, ...pids].some(isRunning))
      const lines = work().length
      await delay(100)
      expect(work()).to.have.length(lines)
      expect((await heroku.visit('crew')).status).to.equal(503)
      const unknown = await heroku.api('PATCH', '/apps/crew/formation', {updates: [{type: 'clock', quantity: 1}]})
      expect(unknown.status).to.equal(404)
    })

    it('get SIGKILL when they ignore SIGTERM', async () => {
      const processTypes = {stubborn: `trap '' TERM; echo ready; while :; do sleep 1; done`}
      const quick = await startHeroku({graceSeconds: 0.2})
      const app = quick.createApp({name: 'stubborn', slug: {dir: heroku.dir, processTypes}, formation: {stubborn: 1}})
      await condition(() => app.log.toString().includes(': ready'))
      const [dyno] = app.dynos
      app.formation.scale('stubborn', 0)
      expect(await dyno!.ended).to.equal(137)
      await quick.stop()
    })

    it('are gone with the process of the simulator, even a killed one', async () => {
      const module = join(import.meta.dirname, '../../sandbox/heroku/index.ts')
      const script = `import {startHeroku} from ${JSON.stringify(module)}
        const sim = await startHeroku()
        const slug = {dir: ${JSON.stringify(heroku.dir)}, processTypes: {worker: 'sleep 1000'}}
        const app = sim.createApp({name: 'orphan', slug, formation: {worker: 1}})
        console.log(app.dynos[0].pid)`
      const args = ['--import', 'tsx-loader', '--input-type=module', '-e', script]
      const owner = spawn(process.execPath, args, {stdio: ['ignore', 'pipe', 'inherit']})
      const [printed] = (await once(owner.stdout, 'data')) as [Buffer]
      const pid = Number(printed.toString())
      expect(isRunning(pid)).to.equal(true)
      owner.kill('SIGKILL')
      await condition(() => !isRunning(pid))
    })

    it('crash, are shown as crashed, and come back', async () => {
      const processTypes = {worker: `test "$FOO" = good || exit 3; sleep 1000`}
      const app = heroku.createApp('shaky', {processTypes, formation: {worker: 1}, configVars: {FOO: 'bad'}})
      await app.changes.until(() => app.dynos[0]?.state === 'crashed', 5000)
      const [listed] = (await heroku.api<{state: string; name: string}[]>('GET', '/apps/shaky/dynos')).body
      expect(listed).to.deep.include({name: 'worker.1'})
      const crashes = () => heroku.sim.events.filter(({app: name, kind}) => name === 'shaky' && kind === 'dyno-crashed')
      await app.changes.until(() => crashes().length >= 2, 5000)
      await heroku.api('PATCH', '/apps/shaky/config-vars', {FOO: 'good'})
      await app.settle()
      expect(app.dynos[0]?.state).to.equal('up')
    })

    it('one-off dynos give their exit status in a log session, and outlive maintenance and scaling', async () => {
      const app = heroku.createApp('oneoff', {formation: {worker: 1}, configVars: {FOO: 'config'}})
      await heroku.api('PATCH', '/apps/oneoff', {maintenance: true})
      const command = `echo "$FOO $BAR"; until test -e go; do sleep 0.02; done; (exit 7) ; echo "\uFFFF heroku-command-exit-status: $?"`
      const made = await heroku.api<{name: string; state: string}>('POST', '/apps/oneoff/dynos', {
        command,
        attach: false,
        env: {BAR: 'entry', FOO: 'env'},
        time_to_live: 60,
      })
      const {name, state} = made.body
      expect([made.status, state]).to.deep.equal([201, 'starting'])
      expect(name).to.match(/^run\.\d{4}$/)
      const session = await heroku.api('POST', '/apps/oneoff/log-sessions', {dyno_name: name, tail: true, lines: 50})
      const stream = await fetch(String(session.body['logplex_url']))
      await heroku.api('PATCH', '/apps/oneoff/formation/worker', {quantity: 0})
      expect((await heroku.api('GET', `/apps/oneoff/dynos/${name}`)).body['state']).to.equal('up')
      writeFileSync(join(heroku.dir, 'go'), '')
      const log = await readUntil(stream, 'Process exited')
      expect(log).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 /m)
      expect(log).to.include(`app[${name}]: env entry\n`)
      expect(log).to.include(`app[${name}]: \uFFFF heroku-command-exit-status: 7\n`)
      expect(log).to.not.include('worker.1')
      expect((await heroku.api('GET', `/apps/oneoff/dynos/${name}`)).status).to.equal(404)
      expect(app.oneOffs.size).to.equal(0)
    })

    it('stops one-off dynos by type, and on time_to_live', async () => {
      const app = heroku.createApp('stops')
      await heroku.api('POST', '/apps/stops/dynos', {command: 'sleep 1000'})
      await heroku.api('POST', '/apps/stops/dynos', {command: 'sleep 1000', time_to_live: 1})
      expect(app.oneOffs.size).to.equal(2)
      expect(await app.changes.until(() => app.oneOffs.size === 1, 5000)).to.equal(true)
      expect((await heroku.api('POST', '/apps/stops/formations/run/actions/stop')).status).to.equal(202)
      expect(await app.changes.until(() => app.oneOffs.size === 0, 5000)).to.equal(true)
    })

    it('one-off dynos may conflict with a new release', async () => {
      const strict = await startHeroku({releaseConflictSeconds: 1})
      strict.createApp({name: 'fresh', slug: {dir: heroku.dir, processTypes: {}}})
      const run = async () => {
        const headers = {Authorization: `Bearer ${strict.token}`, Accept: 'application/vnd.heroku+json; version=3'}
        const body = JSON.stringify({command: 'true'})
        return (await fetch(`${strict.url}/apps/fresh/dynos`, {method: 'POST', headers, body})).status
      }
      expect(await run()).to.equal(409)
      await delay(1000)
      expect(await run()).to.equal(201)
      await strict.stop()
    })

    it('the scheduler goes on in maintenance until its owner pauses it', async () => {
      const schedule = {command: 'echo tick', everySeconds: 0.05}
      const app = heroku.createApp('cron', {schedule})
      app.setMaintenance(true)
      const runs = () => heroku.sim.events.filter((event) => event.app === 'cron' && event.kind === 'dyno-up')
      await condition(() => runs().length >= 2)
      expect(runs()[0]?.detail['dyno']).to.match(/^scheduler\.\d{4}$/)
      app.schedule!.pause()
      await app.changes.until(() => app.running.size === 0, 5000)
      const count = runs().length
      await delay(150)
      expect(runs()).to.have.length(count)
    })
  })

  describe('releases', () => {
    it('a failed release phase keeps the app on the previous release, with the var stored', async () => {
      const release = 'echo "migrating $FOO"; test "$FOO" != bad'
      const app = heroku.createApp('phase', {
        processTypes: {web: 'node web.mjs', release},
        formation: {web: 1},
        configVars: {FOO: 'good'},
      })
      await app.settle()
      const version = app.releases.current.version
      await heroku.api('PATCH', '/apps/phase/config-vars', {FOO: 'bad'})
      await app.settle()
      const failed = await heroku.api('GET', `/apps/phase/releases/${version + 1}`)
      expect(failed.body).to.deep.include({status: 'failed', current: false})
      expect(await (await fetch(String(failed.body['output_stream_url']))).text()).to.include(': migrating bad\n')
      expect(app.configVars['FOO']).to.equal('bad')
      expect((await heroku.visit('phase')).foo).to.equal('good')
      await heroku.api('PATCH', '/apps/phase/config-vars', {FOO: 'better'})
      await app.settle()
      expect((await heroku.visit('phase')).foo).to.equal('better')
    })

    it('preboot: the old web dynos serve on, in no dyno list', async () => {
      const app = heroku.createApp('smooth', {formation: {web: 1}, configVars: {FOO: 'old'}})
      await app.settle()
      const feature = await heroku.api('PATCH', '/apps/smooth/features/preboot', {enabled: true})
      expect(feature.body).to.deep.include({enabled: true})
      const [old] = app.dynos
      await heroku.api('PATCH', '/apps/smooth/config-vars', {FOO: 'new'})
      await app.changes.until(() => app.dynos[0] !== old && app.dynos[0]?.state === 'up', 10_000)
      const listed = await heroku.api<{id: string}[]>('GET', '/apps/smooth/dynos')
      expect(listed.body.map(({id}) => id)).to.deep.equal([app.dynos[0]!.id])
      expect((await heroku.visit('smooth')).foo).to.equal('old')
      expect(isRunning(old!.pid!)).to.equal(true)
      expect(await app.changes.until(() => app.running.size === 1, 10_000)).to.equal(true)
      expect((await heroku.visit('smooth')).foo).to.equal('new')
    })
  })

  describe('router', () => {
    it('finds the app by host or path, and serves the page in maintenance while dynos go on', async () => {
      const app = heroku.createApp('site', {formation: {web: 1}})
      expect(await heroku.visit('site', '/deep/path?q=1')).to.deep.include({status: 200, path: '/deep/path?q=1'})
      const byHost = await hostRequest(heroku.sim.routerUrl, 'site.herokuapp.localhost')
      expect((JSON.parse(byHost) as Json)['dyno']).to.equal('web.1')
      app.setMaintenance(true)
      const page = await heroku.visit('site')
      expect(page).to.deep.include({status: 503})
      expect(page.content).to.include('Offline for Maintenance')
      expect(app.log.toString()).to.include('code=H80 desc="Maintenance mode"')
      const kinds = heroku.sim.events.filter((event) => event.app === 'site').map(({kind}) => kind)
      expect(kinds).to.include('maintenance-on').and.not.include('dyno-down')
    })

    it('Private Space: no page without web dynos; Fir: no maintenance mode', async () => {
      const app = heroku.createApp('private', {formation: {web: 1}, space: 'acme'})
      await app.settle()
      app.setMaintenance(true)
      expect((await heroku.visit('private')).content).to.include('Offline for Maintenance')
      await heroku.api('PATCH', '/apps/private/formation/web', {quantity: 0})
      expect((await heroku.visit('private')).content).to.include('Application error')
      expect(app.log.toString()).to.include('code=H10')
      expect((await heroku.api('GET', '/spaces/acme/nat')).body).to.deep.include({state: 'enabled'})
      heroku.createApp('fir', {generation: 'fir', space: 'acme'})
      expect((await heroku.api('PATCH', '/apps/fir', {maintenance: true})).status).to.equal(422)
    })
  })
})

/** fetch does not let a caller set Host. */
function hostRequest(url: string, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, {headers: {host}}, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.once('end', () => resolve(body))
    })
    request.once('error', reject)
    request.end()
  })
}
