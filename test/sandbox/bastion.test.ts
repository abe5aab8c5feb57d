import {once} from 'node:events'
import {join} from 'node:path'

import {expect} from 'chai'
import pg from 'pg'
import ssh2 from 'ssh2'

import {startSandbox, type Sandbox} from '../../sandbox/sandbox.js'
import type {Shop} from '../../sandbox/shop.js'

const STACK_BIN = join(import.meta.dirname, '../../sandbox/stack/bin')

describe('sandbox: a database in a Private Space', function () {
  this.timeout(120_000)
  let sandbox: Sandbox
  let shop: Shop

  before(async () => {
    sandbox = await startSandbox()
    shop = await sandbox.openShop({plan: 'private-0', space: 'acme', formation: {web: 1}})
  })

  after(() => sandbox.stop())

  const database = () => new URL(shop.addon.url(null))
  const connect = async (privateKey = shop.bastion!.privateKey, username = 'bastion') => {
    const client = new ssh2.Client()
    client.connect({host: shop.bastion!.host, port: 22, username, privateKey})
    await once(client, 'ready')
    return client
  }
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => 'this should have failed',
      (error: Error) => error.message,
    )
  const forward = (client: ssh2.Client, host: string, port: number) =>
    new Promise<ssh2.ClientChannel>((resolve, reject) => {
      client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => (error ? reject(error) : resolve(channel)))
    })

  it('is used by the dynos of its space, and found by nobody else', async () => {
    expect(shop.app.configVars['DATABASE_URL']).to.equal(database().href)
    expect(database().host).to.match(/\.acme\.invalid:5432$/)
    expect(shop.app.dynos.map(({state}) => state)).to.deep.equal(['up'])
    const client = new pg.Client({connectionString: database().href, ssl: {rejectUnauthorized: false}})
    expect(await failure(client.connect())).to.match(/ENOTFOUND|EAI_AGAIN/)

    const elsewhere = sandbox.heroku.createApp({name: 'elsewhere', space: 'other', slug: shop.app.slug})
    const command = `psql '${database().href}?sslmode=require' -Atc 'select count(*) > 0 from products'`
    expect(await shop.app.oneOff({type: 'run', command}).ended).to.equal(0)
    expect(await elsewhere.oneOff({type: 'run', command}).ended).to.equal(2)
  })

  it('is reached by the stock pg:psql, through the bastion that the Data API names', async () => {
    const before = shop.bastion!.forwarded
    const psql = () =>
      sandbox.cli(['pg:psql', '-a', shop.name, '-c', 'select 6 * 7 as answer'], {
        env: {...shop.env, PATH: `${STACK_BIN}:${process.env['PATH']}`},
      })
    let answer = await psql()
    // Its local port is any above 49151, in use or not; and it falls over what the server still says to a psql that has gone.
    while (/EADDRINUSE|EPIPE/.test(answer.stderr)) answer = await psql()
    const {code, stdout, stderr} = answer
    expect({code, stdout}, stderr).to.deep.equal({code: 0, stdout: 'answer\n42\n(1 row)\n'})
    expect(shop.bastion!.forwarded).to.equal(before + 1)
  })

  it('the bastion takes one user with one key, and forwards to one place only', async () => {
    const {private: other} = ssh2.utils.generateKeyPairSync('ed25519')
    expect(await failure(connect(other))).to.contain('authentication')
    expect(await failure(connect(undefined, 'root'))).to.contain('authentication')
    const client = await connect()
    try {
      expect(await failure(forward(client, 'localhost', sandbox.source.port))).to.contain('open failure')
      expect(await failure(forward(client, database().hostname, 5433))).to.contain('open failure')
      const shell = new Promise((resolve, reject) => {
        client.exec('id', (error, channel) => (error ? reject(error) : resolve(channel)))
      })
      expect(await failure(shell)).to.contain('open failure')
      const channel = await forward(client, database().hostname, 5432)
      channel.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])) // asks for TLS
      expect(String((await once(channel, 'data'))[0])).to.equal('S')
    } finally {
      client.end()
    }
  })

  it('its key can be replaced, and its connections cut', async () => {
    const old = shop.bastion!.privateKey
    shop.bastion!.rekey()
    expect(await failure(connect(old))).to.contain('authentication')
    const client = await connect()
    const channel = await forward(client, database().hostname, 5432)
    client.on('error', () => undefined)
    const closed = once(channel.resume(), 'close')
    expect(shop.bastion!.cut()).to.be.at.least(1)
    await closed
  })
})
