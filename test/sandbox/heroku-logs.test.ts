import {expect} from 'chai'

import type {App, LogAccess} from '../../sandbox/heroku/index.js'
import {HerokuHarness, readUntil} from './heroku-harness.js'

describe('sandbox: logs of Heroku apps', function () {
  this.timeout(60_000)
  let heroku: HerokuHarness

  before(async () => {
    heroku = await HerokuHarness.open({firLogSeconds: 0.5})
  })

  after(() => heroku.close())

  const session = (app: App, body: object = {}) => heroku.api('POST', `/apps/${app.name}/log-sessions`, body)

  /** The stream of a new session. */
  async function follow(app: App, body: object = {}, accept = '*/*'): Promise<Response> {
    const opened = await session(app, body)
    expect(opened.status).to.equal(201)
    return fetch(String(opened.body['logplex_url']), {headers: {Accept: accept}})
  }

  function appWithLog(logs: LogAccess): App {
    const app = heroku.createApp(logs.toLowerCase(), {logs})
    for (const line of ['one', 'two', 'three', 'four']) app.log.write('app', 'run.1', line)
    return app
  }

  const texts = (log: string) => [...log.matchAll(/app\[run\.1\]: (\w+)/g)].map(([, text]) => text)

  it('a session may be refused', async () => {
    const forbidden = await session(appWithLog('refused-403'))
    expect([forbidden.status, forbidden.body['id']]).to.deep.equal([403, 'forbidden'])
    const invalid = await session(appWithLog('refused-422'))
    expect([invalid.status, invalid.body['id']]).to.deep.equal([422, 'invalid_params'])
  })

  it('or opens, and its stream answers 403', async () => {
    const stream = await follow(appWithLog('stream-403'), {tail: true})
    expect(stream.status).to.equal(403)
    expect(await stream.text()).to.include("can't access this space from your IP address")
  })

  it('or says nothing, or not all', async () => {
    const request = {dyno: 'run.1'}
    expect(texts(await (await follow(appWithLog('full'), request)).text())).to.deep.equal([
      'one',
      'two',
      'three',
      'four',
    ])
    expect(texts(await (await follow(appWithLog('lossy'), request)).text())).to.deep.equal(['one', 'three'])
    expect(await (await follow(appWithLog('drained'), request)).text()).to.equal('')
  })

  it('Cedar sends lines, or events to whoever asks for these, unless it never does', async () => {
    const events = 'text/event-stream'
    const full = heroku.sim.app('full')
    const streams = [await follow(full, {lines: 1}), await follow(full, {lines: 1}, events)]
    expect(streams.map(({headers}) => headers.get('content-type'))).to.deep.equal(['text/plain; charset=utf-8', events])
    expect(await streams[0]!.text()).to.match(/^\S+ app\[run\.1\]: four\n$/)
    expect(await streams[1]!.text()).to.match(/^id: 1\ndata: \S+ app\[run\.1\]: four\n\n$/)
    const plain = await follow(appWithLog('plain'), {lines: 1}, events)
    expect(plain.headers.get('content-type')).to.include('text/plain')
    expect(await plain.text()).to.match(/^\S+ app\[run\.1\]: four\n$/)
  })

  it('Fir keeps no line, always follows, puts nothing between its lines, and ends the stream', async () => {
    const app = heroku.createApp('fir-log', {generation: 'fir', space: 'acme'})
    const dyno = app.dynoName('web', 1, app.releases.current)
    const say = (text: string) => app.log.write('app', dyno, text)
    say('before')
    const plain = await follow(app, {type: 'web', lines: 100})
    const events = await follow(app, {dyno, tail: false}, 'text/event-stream')
    const other = await follow(app, {type: 'worker'})
    say('one')
    say('two')
    expect(await plain.text()).to.match(/^\S+ app\[web-\S+-\w{5}\]: one\d{4}-\S+ app\[web-\S+-\w{5}\]: two$/)
    expect(await events.text()).to.match(/^id: 1\ndata: \S+ app\[.*\]: one\n\nid: 2\ndata: \S+ app\[.*\]: two\n\n$/)
    expect(await other.text()).to.equal('')
  })

  it('the output of a release phase can be read whatever becomes of the log', async () => {
    const app = heroku.createApp('migrates', {
      logs: 'refused-403',
      generation: 'fir',
      processTypes: {release: 'echo migrating'},
    })
    await heroku.api('PATCH', '/apps/migrates/config-vars', {FOO: '1'})
    await app.settle()
    const {id} = app.releases.current
    const release = await heroku.api('GET', `/apps/migrates/releases/${id}`)
    const output = await fetch(String(release.body['output_stream_url']))
    expect(await readUntil(output, '\n')).to.match(/: migrating\n$/)
  })
})
