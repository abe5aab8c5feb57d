import {once} from 'node:events'
import type {Socket} from 'node:net'

import {expect} from 'chai'

import {type BastionServer, startBastion} from '../../sandbox/heroku/bastion.js'
import {until} from '../../sandbox/until.js'
import {tunnelThrough} from '../../src/lib/adapters/bastion.js'
import {schemaDumpOf} from '../../src/lib/adapters/pg-dump.js'
import {openDatabase} from '../../src/lib/adapters/postgres.js'
import {publisherOf} from '../../src/lib/adapters/replication.js'
import type {RdsError} from '../../src/lib/ports/errors.js'
import type {Bastion} from '../../src/lib/ports/ports.js'
import {Secret} from '../../src/lib/ports/secret.js'
import type {ConnectionParts} from '../../src/lib/postgres/connection-url.js'
import {isLostConnection} from '../../src/lib/postgres/lost-connection.js'
import {ask, errorOf, type Opened, servers, type Source} from '../support/servers.js'

const [HOST, PORT] = ['db.acme.invalid', 5432]

describe('a source behind a bastion', () => {
  const both = servers()
  let source: Source
  let server: BastionServer
  const opened: (() => Promise<void>)[] = []

  before(async () => {
    source = await both.newSource()
    await ask(
      source.url,
      `create table items as select id, repeat(md5(id::text), 30) as text from generate_series(1, 20000) id`,
    )
    server = await startBastion({space: 'acme', address: `${HOST}:${PORT}`, port: both.source.port})
  })
  afterEach('close what a test has opened', async () => {
    await Promise.all(opened.splice(0).map((close) => close()))
    await until('the end of every tunnel', 10, () => Promise.resolve(server.connections === 0))
  })
  after(() => server.stop())

  const ofToday = (): Bastion => ({host: server.host, privateKey: new Secret(server.privateKey)})
  /** The source as `sourceOf` has it. */
  const open = (
    bastion = ofToday(),
    {renew = () => Promise.resolve(bastion), port = PORT}: {renew?: () => Promise<Bastion>; port?: number} = {},
  ): {db: Opened; parts: ConnectionParts} => {
    const tunnel = tunnelThrough(bastion, renew)
    const parts = {...source.parts, host: HOST, port, tunnel}
    const db = openDatabase('source', parts, source.tls)
    opened.push(async () => {
      await db.close()
      tunnel.close()
    })
    return {db, parts}
  }
  const expectSentence = (error: RdsError, says: RegExp) => {
    expect(error.code).to.equal('source_unreachable')
    expect(error.message).to.match(says)
    expect(error.message).not.to.match(/\n|PRIVATE KEY/)
    expect(isLostConnection(error)).to.equal(true)
  }

  it('is read and written over several connections, all of them within one to the bastion', async () => {
    const {db} = open()
    await db.session((one) =>
      db.session(async (other) => {
        expect(await one.query('select 1 as one')).to.deep.equal([{one: 1}])
        expect(await other.query('select 2 as two')).to.deep.equal([{two: 2}])
        expect(db.ownPids()).to.have.length(2)
      }),
    )
    expect((await db.certificate())?.validTo).to.be.instanceOf(Date)
    expect(server.connections).to.equal(1)
  })

  it('copies rows out and in, faster than they are taken or not', async () => {
    const {db} = open()
    await db.query('create table public.copied (like public.items)')
    const rows = await db.session((from) =>
      db.session(async (to) => {
        const [out, into] = [from.copyOut('copy public.items to stdout'), to.copyIn('copy public.copied from stdin')]
        for await (const piece of out) if (!into.write(piece)) await new Promise((go) => into.once('drain', go))
        await new Promise<void>((finished, failed) => into.once('error', failed).end(finished))
        return into.counts
      }),
    )
    expect(rows).to.deep.equal([20_000])
    expect(
      await db.query(
        `select (select count(*)::int from (table public.items except all table public.copied) d) as missing`,
      ),
    ).to.deep.equal([{missing: 0}])
  })

  it('is lost with the connection to the bastion, like any other, and there again with the next query', async () => {
    const {db} = open()
    const [row] = await db.query<{pid: number}>('select pg_backend_pid() as pid')
    const sleeping = errorOf(db.query('select pg_sleep(60)'))
    await until('the query to run', 10, async () => {
      const running = await ask(source.superuserUrl, `select from pg_stat_activity where query ~ '^select pg_sleep'`)
      return running.length > 0
    })
    server.cut()
    expect(isLostConnection(await sleeping)).to.equal(true)
    expect(db.ownPids()).to.deep.equal([])
    const [next] = await db.query<{pid: number}>('select pg_backend_pid() as pid')
    expect(next!.pid).not.to.equal(row!.pid)
  })

  it('takes what is written before it is connected, and can be given up by then', async () => {
    const {parts} = open()
    const [written, given] = [parts.tunnel!.stream(), parts.tunnel!.stream()] as Socket[]
    for (const socket of [written!, given!]) socket.connect(PORT, HOST)
    written!.end(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])) // asks for TLS
    given!.destroy()
    const closed = once(written!, 'close')
    expect(String((await once(written!, 'data'))[0])).to.equal('S')
    await closed
  })

  it('has its statements cancelled from beside', async () => {
    const {db} = open()
    const sleeping = errorOf(db.query('select pg_sleep(60)'))
    await until('the query to run', 10, () => Promise.resolve(db.ownPids().length > 0))
    await until('its end', 10, async () => {
      await db.interrupt()
      return Promise.race([sleeping.then(() => true), new Promise<boolean>((no) => setImmediate(no, false))])
    })
    expect(await sleeping).to.include({code: '57014'})
  })

  it('is not reached with the wrong key: one sentence, without the key', async () => {
    const key = ofToday()
    server.rekey()
    expectSentence(
      await errorOf<RdsError>(open(key).db.query('select')),
      /bastion bastion-\w+\.acme\.invalid .* refused the key/,
    )
    const nonsense = {...key, privateKey: new Secret('-----BEGIN RSA PRIVATE KEY-----\nnonsense')}
    expectSentence(await errorOf<RdsError>(open(nonsense).db.query('select')), /cannot be used: .*parse/)
  })

  it('is reached with the key that Heroku tells when the one at hand is refused, also after a loss', async () => {
    let asked = 0
    const {db} = open(ofToday(), {renew: () => Promise.resolve((asked++, ofToday()))})
    await db.query('select')
    expect(asked).to.equal(0)
    server.rekey()
    server.cut()
    await until('the loss to be noticed', 10, () => Promise.resolve(db.ownPids().length === 0))
    await db.query('select')
    expect(asked).to.equal(1)
  })

  it('is not reached where the bastion does not forward to', async () => {
    const error = await errorOf<RdsError>(open(ofToday(), {port: 5433}).db.query('select'))
    expectSentence(error, /does not lead to db\.acme\.invalid:5433: .*open failure/)
  })

  it('is not reached while the bastion is away, and without Heroku’s word on another', async () => {
    const away = {...ofToday(), host: 'nowhere.acme.invalid'}
    const silent = () => Promise.reject(new Error('Heroku does not answer'))
    const error = await errorOf<RdsError>(open(away, {renew: silent}).db.query('select'))
    expectSentence(error, /nowhere\.acme\.invalid .* cannot be used: .*(ENOTFOUND|EAI_AGAIN)/)
  })

  it('is dumped by the pg_dump that speaks through this process', async () => {
    const {parts} = open()
    const dump = await schemaDumpOf(parts, source.tls, source.major)
    expect(dump.tool).to.contain('WebAssembly')
    expect(await dump.section('objects')).to.contain('CREATE TABLE "public"."items"')
  })

  it('has no way for a subscription', async () => {
    const {parts} = open()
    const error = await errorOf<RdsError>(publisherOf(() => Promise.resolve(parts), source.tls).connection())
    expect(error.message).to.match(/^not possible with this version: /)
  })

  it('is left without a trace when it is closed', async () => {
    const {db} = open()
    await db.query('select')
    const pids = db.ownPids()
    const backends = () => ask(source.superuserUrl, 'select from pg_stat_activity where pid = any($1)', [pids])
    expect(await backends()).to.have.length(1)
    await opened.pop()!()
    await until('the end of its backends', 10, async () => (await backends()).length === 0)
    await until('the end of the tunnel', 10, () => Promise.resolve(server.connections === 0))
  })
})
