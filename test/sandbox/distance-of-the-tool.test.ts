import {execFile} from 'node:child_process'
import {chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'

import {expect} from 'chai'

import {type Sandbox, startSandbox} from '../../sandbox/sandbox.js'
import type {Shop} from '../../sandbox/shop.js'
import {ask, connect, refusal} from './support.js'

const run = promisify(execFile)

/** No server answers as slowly by itself. */
const FAR = {databases: {roundTripMs: 150}, heroku: {roundTripMs: 400}, aws: {roundTripMs: 300}}

/** TCP, the offer of TLS, TLS, the login with SCRAM, and the statement. */
const LEAST_ROUND_TRIPS = 6

const timed = async <T>(work: () => Promise<T>): Promise<number> => {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

describe('sandbox: only the tool is far away', function () {
  this.timeout(120_000)
  const tools = mkdtempSync(join(tmpdir(), 'client-tools-test-'))
  const {PATH} = process.env
  let sandbox: Sandbox
  let shop: Shop

  before(async () => {
    writeFileSync(join(tools, 'psql'), '#!/bin/sh\necho "$PGHOST $PGHOSTADDR $PGPORT $*"\n')
    chmodSync(join(tools, 'psql'), 0o755)
    process.env['PATH'] = `${tools}:${PATH}`
    sandbox = await startSandbox({distance: FAR})
    shop = await sandbox.openShop({formation: {web: 1}})
  })

  after(async () => {
    await sandbox.stop()
    process.env['PATH'] = PATH
    rmSync(tools, {recursive: true})
  })

  it('from both databases, whose certificates are verified all the same', async () => {
    for (const url of [shop.source.url, shop.target.url]) {
      const query = () => ask(url, 'select 1')
      const least = FAR.databases.roundTripMs * LEAST_ROUND_TRIPS
      expect(await timed(query)).to.be.below(least)
      expect(await timed(() => sandbox.distance.cross(query))).to.be.at.least(least)
    }
    const [url] = shop.target.url.replace('localhost', '127.0.0.1').split('?')
    const ssl = {ca: readFileSync(sandbox.caFile, 'utf8'), servername: 'another.invalid'}
    expect(await refusal(sandbox.distance.cross(() => connect(url!, {ssl})))).to.equal('ERR_TLS_CERT_ALTNAME_INVALID')
  })

  it('from Heroku and AWS', async () => {
    for (const [url, {roundTripMs}] of [
      [sandbox.heroku.url, FAR.heroku],
      [sandbox.aws.url, FAR.aws],
    ] as const) {
      const request = `const begun = performance.now(); await fetch('${url}'); console.log(performance.now() - begun)`
      const milliseconds = async (env: NodeJS.ProcessEnv) =>
        Number((await run(process.execPath, ['--input-type=module', '-e', request], {env})).stdout)
      expect(await milliseconds(sandbox.env)).to.be.at.least(2 * roundTripMs)
      expect(await milliseconds({...sandbox.env, NODE_OPTIONS: ''})).to.be.below(2 * roundTripMs)
    }
  })

  it('by the very address that dynos have, whose environment has no route', async () => {
    const {stdout} = await sandbox.cli(['config:get', 'DATABASE_URL', '-a', shop.name], {env: shop.env})
    expect(stdout.trim()).to.equal(shop.source.url)
    expect(shop.app.configVars['DATABASE_URL']).to.equal(shop.source.url)
    expect(await shop.app.oneOff({type: 'run', command: 'test -z "$NODE_OPTIONS"'}).ended).to.equal(0)
  })

  it('and so are the client tools that it starts, but not those of others', async () => {
    const connection = {PGHOST: 'localhost', PGPORT: String(sandbox.target.port)}
    const [host, address, port, ...more] = await words(
      run('psql', ['-c', '\\q'], {env: {...sandbox.env, ...connection}}),
    )
    expect({host, address, more}).to.deep.equal({host: 'localhost', address: '127.0.0.1', more: ['-c', '\\q']})
    const through = shop.target.url.replace(connection.PGPORT, port!)
    expect(await timed(() => ask(through, 'select 1'))).to.be.at.least(FAR.databases.roundTripMs * LEAST_ROUND_TRIPS)

    const other = {...connection, PGPORT: '1'}
    expect(await words(run('psql', [], {env: {...sandbox.env, ...other}}))).to.deep.equal(['localhost', '', '1', ''])
  })

  it('while the sandbox looks into a server from nearby, whoever asks it to', async () => {
    const look = () => sandbox.target.superuser('postgres', 'select 1')
    expect(await timed(() => sandbox.distance.cross(look))).to.be.below(FAR.databases.roundTripMs * LEAST_ROUND_TRIPS)
  })
})

const words = async (answer: Promise<{stdout: string}>) => (await answer).stdout.replace('\n', '').split(' ')
