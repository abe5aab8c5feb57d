import {spawn, type ChildProcess} from 'node:child_process'
import {randomUUID} from 'node:crypto'
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {expect} from 'chai'
import {auditLedger, readLedger, type AuditedDatabase, type LedgerEntry} from '../../sandbox/ledger.js'
import {createCertificateAuthority} from '../../sandbox/postgres/certificates.js'
import {provisionHerokuDatabase, type HerokuDatabase} from '../../sandbox/postgres/heroku-postgres.js'
import {freePort} from '../../sandbox/postgres/ports.js'
import {provisionRdsInstance, type TargetDatabase} from '../../sandbox/postgres/rds-postgres.js'
import {startServer, type PostgresServer} from '../../sandbox/postgres/server.js'
import {seedShop} from '../../sandbox/shop/seed.js'
import {temporaryFolder, until} from './support.js'

const shopFolder = fileURLToPath(new URL('../../sandbox/shop', import.meta.url))

describe('sandbox: the shop and its ledger', function () {
  const folder = temporaryFolder()
  const ledger = join(folder.path, 'ledger.jsonl')
  const running = new Set<ChildProcess>()
  let servers: [PostgresServer, PostgresServer]
  let herokuDatabase: HerokuDatabase
  let rdsDatabase: TargetDatabase
  let caFile: string
  let source: AuditedDatabase
  let target: AuditedDatabase

  before(async () => {
    const ca = await createCertificateAuthority(folder.path)
    const tls = await ca.issueServerCertificate()
    caFile = ca.caFile
    servers = await Promise.all([
      startServer({major: 15, dir: folder.path, tls}),
      startServer({major: 17, dir: folder.path, tls, requireTls: true}),
    ])
    herokuDatabase = await provisionHerokuDatabase(servers[0])
    rdsDatabase = await (await provisionRdsInstance(servers[1])).createTargetDatabase()
    await Promise.all([seedShop(herokuDatabase.url, {scale: 0.1}), seedShop(rdsDatabase.url, {scale: 0})])
    source = audited(servers[0], herokuDatabase.database)
    target = audited(servers[1], rdsDatabase.database)
  })

  after(async () => {
    for (const child of running) child.kill('SIGKILL')
    await Promise.all(servers.map((server) => server.stop()))
    folder.remove()
  })

  it('sells, survives the loss of connections and a read-only database, and its ledger is clean', async () => {
    const stop = await openShop({DATABASE_URL: herokuDatabase.url})
    await until('200 writes', () => written() > 200)
    await endSessions()
    await servers[0].superuser(
      'postgres',
      `ALTER DATABASE ${herokuDatabase.database} SET default_transaction_read_only = on`,
    )
    await endSessions()
    await until('unknown outcomes', () => readLedger(ledger).some(({unknown}) => unknown))
    const before = written()
    await servers[0].superuser(
      'postgres',
      `ALTER DATABASE ${herokuDatabase.database} RESET default_transaction_read_only`,
    )
    await endSessions()
    await until('the shop to sell again', () => written() > before + 50)
    await stop()
    const audit = await auditLedger(readLedger(ledger), {source, target}, 'source')
    expect(audit.acknowledgedWrites).to.equal(written())
    expect(audit.perDatabase).to.deep.equal({[source.key]: written()})
    expect(audit).to.deep.include({lostWrites: [], doubledWrites: [], atomicityViolations: [], overlapSeconds: 0})
    const kinds = new Set(readLedger(ledger).map(({kind}) => kind))
    expect([...kinds].sort()).to.deep.equal(['carts', 'customer', 'nightly', 'order', 'order-status', 'page-views'])
  })

  it('sells on RDS with nothing but a URL and a CA; the audit finds every write left behind', async () => {
    const before = written()
    const url = rdsDatabase.url.replace(/&sslrootcert=.*/, '')
    const stop = await openShop({DATABASE_URL: url, NODE_EXTRA_CA_CERTS: caFile})
    await until('100 writes', () => written() > before + 100)
    await stop()
    const audit = await auditLedger(readLedger(ledger), {source, target}, 'target')
    expect(audit.lostWrites).to.have.length(before)
    expect(audit.perDatabase[target.key]).to.equal(written() - before)
    expect(audit.overlapSeconds).to.equal(0)
    expect(audit.gapSeconds).to.be.greaterThan(0)
    expect(audit).to.deep.include({doubledWrites: [], atomicityViolations: []})
  })

  it('the audit finds a lost, a doubled and a torn write', async () => {
    const entries = readLedger(ledger).filter(({database}) => database === source.key)
    const orders = entries.filter(({kind}) => kind === 'order')
    const [lost, doubled, torn] = orders.map(({ref}) => ref)
    await source.query('DELETE FROM events WHERE ref = $1', [lost])
    await source.query('INSERT INTO events (ref, kind) SELECT ref, kind FROM events WHERE ref = $1', [doubled])
    await source.query('DELETE FROM billing.payments USING orders o WHERE o.id = order_id AND o.ref = $1', [torn])
    const audit = await auditLedger(entries, {source, target}, 'source')
    expect(audit.lostWrites).to.deep.equal([lost])
    expect(audit.doubledWrites).to.deep.equal([doubled])
    expect(audit.atomicityViolations.map((violation) => violation.split(':')[0])).to.have.members([
      'order without its event',
      'order whose payments are not the sum of its lines',
    ])
  })

  describe('the audit of time', () => {
    const at = (key: string, ...seconds: number[]): LedgerEntry[] =>
      seconds.map((second) => ({
        ref: randomUUID(),
        kind: 'order',
        sent: second * 1000 - 100,
        acked: second * 1000,
        database: key,
        process: 'worker.1',
      }))
    const S = (...seconds: number[]) => at(source.key, ...seconds)
    const T = (...seconds: number[]) => at(target.key, ...seconds)
    const measure = async (entries: LedgerEntry[], primary: 'source' | 'target') => {
      const {overlapSeconds, gapSeconds} = await auditLedger(entries, {source, target}, primary)
      return {overlapSeconds, gapSeconds}
    }

    it('finds nothing in a clean cutover, and tells its gap', async () => {
      expect(await measure([...S(1, 2, 3), ...T(7, 8)], 'target')).to.deep.equal({overlapSeconds: 0, gapSeconds: 4})
    })

    it('finds a write that the old database took after the new one had begun', async () => {
      expect((await measure([...S(1, 2, 3, 12), ...T(7, 8, 13, 14)], 'target')).overlapSeconds).to.equal(5.1)
    })

    it('finds a write that the new database took before the old one had ended', async () => {
      expect((await measure([...S(1, 2, 3, 4, 5), ...T(2.5, 9)], 'target')).overlapSeconds).to.equal(2.6)
    })

    it('knows the way back, and finds a write on the wrong side of it', async () => {
      const there = [...S(1, 2, 3), ...T(5, 6, 7)]
      expect(await measure([...there, ...S(10, 11)], 'source')).to.deep.equal({overlapSeconds: 0, gapSeconds: 3})
      expect((await measure([...there, ...S(6.5, 10, 11)], 'source')).overlapSeconds).to.equal(0.6)
    })
  })

  function audited(server: PostgresServer, database: string): AuditedDatabase {
    return {key: `${server.port}/${database}`, query: (sql, params) => server.superuser(database, sql, params)}
  }

  function written(): number {
    return existsSync(ledger) ? readLedger(ledger).filter(({acked}) => acked).length : 0
  }

  function endSessions(): Promise<unknown> {
    const sql = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1'
    return servers[0].superuser('postgres', sql, [herokuDatabase.user])
  }

  /** Web, worker, scheduler and customers until stopped, which must end each of them with exit code 0. */
  async function openShop(config: Record<string, string>): Promise<() => Promise<void>> {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const env = {...process.env, ...config, PORT: String(port), LEDGER_FILE: ledger}
    const start = (file: string, more: Record<string, string>) => {
      const child = spawn(process.execPath, [join(shopFolder, file)], {stdio: 'ignore', env: {...env, ...more}})
      running.add(child)
      child.once('exit', () => running.delete(child))
      return child
    }
    const web = start('web.mjs', {DYNO: 'web.1'})
    await until('the shop to open', () =>
      fetch(`${url}/health`).then(
        ({ok}) => ok,
        () => false,
      ),
    )
    const others = [
      start('worker.mjs', {DYNO: 'worker.1'}),
      start('scheduler.mjs', {DYNO: 'scheduler.1'}),
      start('customers.mjs', {SHOP_URL: url, SHOP_HOST: 'shop.herokuapp.localhost'}),
    ]
    return async () => {
      for (const child of [...others, web]) {
        child.kill('SIGTERM')
        await until(`${child.spawnargs[1]} to end`, () => child.exitCode !== null || child.signalCode !== null)
        expect(child.exitCode, child.spawnargs[1]).to.equal(0)
      }
    }
  }
})
