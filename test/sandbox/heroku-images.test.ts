import {expect} from 'chai'
import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'

import {startHeroku} from '../../sandbox/heroku/index.js'
import type {App, HerokuSimulator, ImageSpec} from '../../sandbox/heroku/index.js'
import {condition} from './heroku-harness.js'
import {temporaryFolder} from './support.js'

const STACK_BIN = join(import.meta.dirname, '../../sandbox/stack/bin')
const FOUND = 'command -v psql node python3 ruby | sed "s:.*/::" | xargs echo found'
const DRIVER = `node -e "try { require('pg'); console.log('pg') } catch (error) { console.log(error.code) }"`

describe('sandbox: images of Heroku dynos', function () {
  this.timeout(60_000)
  const slug = temporaryFolder()
  let heroku: HerokuSimulator
  let apps = 0

  before(async () => {
    mkdirSync(join(slug.path, 'node_modules/pg'), {recursive: true})
    writeFileSync(join(slug.path, 'node_modules/pg/index.js'), '')
    writeFileSync(join(slug.path, 'main.mjs'), 'console.log("main of", process.cwd().length)')
    heroku = await startHeroku({stackBin: STACK_BIN, releaseSeconds: 0.01})
  })

  after(async () => {
    await heroku.stop()
    slug.remove()
  })

  const createApp = (image: ImageSpec, stack?: string): App =>
    heroku.createApp({
      name: `image-${++apps}`,
      slug: {dir: slug.path, processTypes: {worker: 'node main.mjs && sleep 1000'}},
      stack,
      image,
    })

  const lines = (app: App, dyno: string) =>
    app.log
      .last(Infinity, {source: 'app', dyno})
      .filter((line) => line.dyno === dyno)
      .map(({text}) => text)

  /** What a one-off dyno printed, and its exit status. */
  async function run(app: App, command: string): Promise<[...string[], number]> {
    const response = await fetch(`${heroku.url}/apps/${app.name}/dynos`, {
      method: 'POST',
      headers: {Authorization: `Bearer ${heroku.token}`, Accept: 'application/vnd.heroku+json; version=3'},
      body: JSON.stringify({command}),
    })
    const {name} = (await response.json()) as {name: string}
    const status = await [...app.oneOffs].find(({spec}) => spec.name === name)!.ended
    return [...lines(app, name), status]
  }

  it('a stack of Heroku has psql, and no language but the app’s', async () => {
    const app = createApp({})
    expect(await run(app, FOUND)).to.deep.equal(['found psql node', 0])
    expect(await run(app, DRIVER)).to.deep.equal(['pg', 0])
    const [message, status] = await run(app, 'psql postgres://localhost:1/none -c "select 1" 2>&1')
    expect(message).to.match(/^psql: error: connection to server/)
    expect(status).to.equal(2)
  })

  it('an app in another language has psql and no node, yet its own processes run', async () => {
    const app = createApp({node: false})
    expect(await run(app, FOUND)).to.deep.equal(['found psql', 0])
    expect(await run(app, 'psql postgres://localhost:1/none 2>&1')).to.deep.include(2)
    expect(await run(app, 'node main.mjs')).to.deep.include(127)
    app.formation.scale('worker', 1)
    await condition(() => lines(app, 'worker.1').length > 0)
    expect(lines(app, 'worker.1')[0]).to.match(/^main of \d+$/)
  })

  it('an image of one’s own: Node only, or nothing but a shell', async () => {
    expect(await run(createApp({}, 'container'), FOUND)).to.deep.equal(['found node', 0])
    expect(await run(createApp({node: false}, 'container'), FOUND)).to.deep.equal(['found', 0])
    expect(await run(createApp({psql: true}, 'container'), FOUND)).to.deep.equal(['found psql node', 0])
  })

  it('the driver may be missing in the folder', async () => {
    const app = createApp({pgDriver: false})
    expect(await run(app, DRIVER)).to.deep.equal(['MODULE_NOT_FOUND', 0])
    expect(await run(app, 'test -f main.mjs && test "$HOME" = "$PWD"')).to.deep.equal([0])
  })

  it('on cnb only the launcher finds what buildpacks brought', async () => {
    const app = createApp({}, 'cnb')
    expect(await run(app, FOUND)).to.deep.equal(['found psql', 0])
    const missing = await run(app, `${DRIVER} 2>&1`)
    expect(missing[0]).to.include('node: command not found')
    expect(missing[1]).to.equal(127)
    expect(await run(app, `launcher ${DRIVER}`)).to.deep.equal(['pg', 0])
    expect(await run(app, `launcher '${FOUND}'`)).to.deep.equal(['found psql node', 0])
    expect(await run(app, `launcher bash -c 'node main.mjs | cut -c1-7; exit 5'`)).to.deep.equal(['main of', 5])
    expect(await run(createApp({node: false}, 'cnb'), `launcher '${FOUND}'`)).to.deep.equal(['found psql', 0])
    app.formation.scale('worker', 1)
    await condition(() => lines(app, 'worker.1').length > 0)
    expect(lines(app, 'worker.1')[0]).to.match(/^main of \d+$/)
  })

  it('the stack of the next build is not that of the running app', async () => {
    heroku.createApp({name: 'restacked', slug: {dir: slug.path, processTypes: {}}, buildStack: 'heroku-26'})
    const response = await fetch(`${heroku.url}/apps/restacked`, {
      headers: {Authorization: `Bearer ${heroku.token}`, Accept: 'application/vnd.heroku+json; version=3'},
    })
    const {stack, build_stack: next} = (await response.json()) as Record<string, {name: string}>
    expect([stack?.name, next?.name]).to.deep.equal(['heroku-24', 'heroku-26'])
  })
})
