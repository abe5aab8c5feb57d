import {expect} from 'chai'
import {type AuroraOptions, becomeAurora, failOver} from '../../sandbox/postgres/aurora.js'
import {isInstalled, type Major} from '../../sandbox/postgres/binaries.js'
import {createCertificateAuthority} from '../../sandbox/postgres/certificates.js'
import {provisionHerokuDatabase, type HerokuDatabase} from '../../sandbox/postgres/heroku-postgres.js'
import {type PostgresServer, startServer} from '../../sandbox/postgres/server.js'
import {ask, connect, refusal, temporaryFolder} from './support.js'

const REFUSALS: Record<string, string> = {
  'pg_current_wal_lsn()': '55000',
  'pg_current_wal_insert_lsn()': '55000',
  "pg_walfile_name('0/1000000')": '0A000',
  'pg_last_wal_receive_lsn()': '0A000',
  'pg_last_wal_replay_lsn()': '0A000',
  'pg_last_xact_replay_timestamp()': '0A000',
  'pg_stat_get_wal()': '0A000',
  pg_stat_wal: '0A000',
  'pg_stat_get_wal_receiver()': '0A000',
  pg_stat_wal_receiver: '0A000',
  'pg_ls_waldir()': '42501',
}
const CONTROL_FILE = ['checkpoint', 'init', 'recovery', 'system'].map((part) => `pg_control_${part}()`)

describe('sandbox: Aurora', () => {
  const folder = temporaryFolder()
  const started: PostgresServer[] = []

  async function auroraOf(
    major: Major,
    options: AuroraOptions,
    settings = {},
  ): Promise<[PostgresServer, HerokuDatabase]> {
    const ca = await createCertificateAuthority(folder.path)
    const server = await startServer({major, dir: folder.path, tls: await ca.issueServerCertificate(), settings})
    started.push(server)
    await becomeAurora(server, options)
    return [server, await provisionHerokuDatabase(server, {credentials: ['analytics']})]
  }

  afterEach('stop the servers', async () => {
    await Promise.all(started.splice(0).map((server) => server.stop({immediate: true})))
  })
  after(() => folder.remove())

  for (const major of ([14, 16, 17] as const).filter(isInstalled)) {
    it(`refuses to every role what Aurora refuses, on Postgres ${major}`, async () => {
      const [server, database] = await auroraOf(major, {controlFile: 'refused'})
      for (const url of [database.url, database.credentials.analytics!.url, server.superuserUrl(database.database)]) {
        const client = await connect(url)
        for (const [source, code] of Object.entries(REFUSALS))
          expect(await refusal(client.query(`SELECT * FROM ${source}`)), source).to.equal(code)
        for (const source of CONTROL_FILE)
          expect(await refusal(client.query(`SELECT * FROM ${source}`)), source).to.equal('0A000')
        const {rows} = await client.query<{reader: boolean; version: string}>(
          'SELECT pg_is_in_recovery() AS reader, aurora_version() AS version',
        )
        expect(rows[0]!.reader).to.equal(false)
        expect(rows[0]!.version).to.match(new RegExp(`^${major}\\.`))
        await client.end()
      }
    })
  }

  it('says it in the words of Aurora', async () => {
    const [, {url}] = await auroraOf(16, {controlFile: 'readable'})
    const words = async (sql: string) => {
      const {message, hint} = await ask(url, sql).then(
        () => ({message: 'it was not refused', hint: undefined}),
        (error: Error & {hint?: string}) => error,
      )
      return [message, hint]
    }
    expect(await words('SELECT pg_current_wal_lsn()')).to.deep.equal([
      `wal_level must be set to 'logical'`,
      'WAL control functions cannot be executed when wal_level < logical.',
    ])
    expect(await words('SELECT * FROM pg_stat_wal')).to.deep.equal([
      'Function pg_stat_get_wal() is currently not supported for Aurora',
      undefined,
    ])
    expect(await words('SELECT pg_ls_waldir()')).to.deep.equal([
      'permission denied for function pg_ls_waldir',
      undefined,
    ])
  })

  it('tells of the control file, if it is one that does, and of its position, if it allows logical replication', async () => {
    const [, {url}] = await auroraOf(16, {controlFile: 'readable'}, {wal_level: 'logical'})
    const [row] = await ask(
      url,
      `SELECT (SELECT system_identifier FROM pg_control_system()) > 0 AS system, pg_current_wal_lsn() > '0/0' AS lsn`,
    )
    expect(row).to.deep.equal({system: true, lsn: true})
    expect(await refusal(ask(url, 'SELECT pg_walfile_name(pg_current_wal_lsn())'))).to.equal('0A000')
  })

  it('keeps every acknowledged commit in a failover, ends every session, and empties unlogged tables', async () => {
    const [server, {url}] = await auroraOf(16, {controlFile: 'refused'})
    const since = async () => (await ask(url, 'SELECT pg_postmaster_start_time()::text AS since'))[0]!.since
    await ask(url, 'CREATE TABLE kept AS SELECT 1 AS n; CREATE UNLOGGED TABLE lost AS SELECT 1 AS n')
    const [open, before] = [await connect(url), await since()]
    await failOver(server)
    await refusal(open.query('SELECT'))
    expect(
      await ask(url, 'SELECT (SELECT count(*)::int FROM kept) AS kept, (SELECT count(*)::int FROM lost) AS lost'),
    ).to.deep.equal([{kept: 1, lost: 0}])
    expect(await since()).to.not.equal(before)
  })
})
