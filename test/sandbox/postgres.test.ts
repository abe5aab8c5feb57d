import {spawn, spawnSync} from 'node:child_process'
import {existsSync, readFileSync} from 'node:fs'
import {dirname} from 'node:path'
import {fileURLToPath} from 'node:url'
import {expect} from 'chai'
import {createCertificateAuthority, type CertificateAuthority} from '../../sandbox/postgres/certificates.js'
import {provisionHerokuDatabase, type HerokuDatabase} from '../../sandbox/postgres/heroku-postgres.js'
import {provisionRdsInstance, type RdsInstance, type TargetDatabase} from '../../sandbox/postgres/rds-postgres.js'
import {startServer, type PostgresServer} from '../../sandbox/postgres/server.js'
import {ask, connect, refusal, temporaryFolder, until} from './support.js'

const psql = fileURLToPath(new URL('../../sandbox/stack/bin/psql', import.meta.url))

describe('sandbox: Postgres servers', function () {
  const folder = temporaryFolder()
  let ca: CertificateAuthority
  let heroku: PostgresServer
  let rds: PostgresServer

  before(async () => {
    ca = await createCertificateAuthority(folder.path, 'Test root')
    const forLocalhost = await ca.issueServerCertificate({hosts: ['localhost'], name: 'rds'})
    const servers = [
      startServer({major: 15, dir: folder.path, tls: await ca.issueServerCertificate()}),
      startServer({major: 17, dir: folder.path, tls: forLocalhost, requireTls: true}),
    ] as const
    ;[heroku, rds] = await Promise.all(servers)
  })

  after(async () => {
    await Promise.all([heroku.stop(), rds.stop()])
    expect(existsSync(heroku.dataDir)).to.equal(false)
    expect(await refusal(ask(rds.superuserUrl(), 'SELECT'))).to.equal('ECONNREFUSED')
    folder.remove()
  })

  describe('a Heroku database', () => {
    let database: HerokuDatabase

    before(async () => {
      database = await provisionHerokuDatabase(heroku, {
        password: `p:w/o@r?d#%41 '"\\ß`,
        credentials: ['analytics'],
        connectionLimit: 5,
      })
      await ask(database.url, 'CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY, text heroku_ext.citext)')
    })

    const forbidden = {
      'a replication slot': `SELECT pg_create_logical_replication_slot('s', 'pgoutput')`,
      'an event trigger': `CREATE FUNCTION pg_temp.f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
        CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION pg_temp.f()`,
      session_replication_role: 'SET session_replication_role = replica',
      'changing _heroku': 'CREATE FUNCTION _heroku.f() RETURNS void LANGUAGE sql AS $$$$',
      'dropping _heroku': 'DROP SCHEMA _heroku CASCADE',
      "dropping Heroku's event triggers": 'DROP EVENT TRIGGER "00_validate_before_start"',
      'extensions under a search_path of his own': 'SET search_path = public, pg_catalog; CREATE EXTENSION hstore',
      'extensions beside temporary tables': 'CREATE TEMPORARY TABLE t (); CREATE EXTENSION hstore',
      'altering pg_stat_statements': 'DROP EXTENSION pg_stat_statements',
      'a role': 'CREATE ROLE somebody',
      'a database': 'CREATE DATABASE another',
      'a system setting': `ALTER SYSTEM SET wal_level = logical`,
      'an extension nobody may trust': 'CREATE EXTENSION dblink',
      'moving an extension': 'ALTER EXTENSION citext SET SCHEMA public',
    }
    for (const [what, sql] of Object.entries(forbidden)) {
      it(`keeps its owner from ${what}`, async () => {
        expect(await refusal(ask(database.url, sql))).to.equal('42501')
      })
    }

    for (const [generation, triggers] of [
      ['older', ['extension_before_drop', 'log_create_ext', 'log_drop_ext', 'validate_extension']],
      [
        'newer',
        [
          '00_validate_before_start',
          '00_validate_extension_after',
          '01_configure_extension_after',
          '01_configure_extension_drop',
          '01_extension_before_drop',
        ],
      ],
    ] as const) {
      it(`holds what dumps of ${generation} databases show`, async () => {
        const {url, user} = await provisionHerokuDatabase(heroku, {generation})
        const eventTriggers = await ask(
          url,
          `SELECT evtname AS name FROM pg_event_trigger
           JOIN pg_proc p ON p.oid = evtfoid
           WHERE evtowner = 'heroku_admin'::regrole AND pronamespace = '_heroku'::regnamespace
             AND proowner = 'heroku_admin'::regrole
           ORDER BY 1`,
        )
        expect(eventTriggers.map(({name}) => name)).to.deep.equal(triggers)
        const [row] = await ask(
          url,
          `SELECT pg_has_role('heroku_admin', 'rds_superuser', 'MEMBER') AS administrator,
             (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'public') AS public,
             has_schema_privilege('rds_superuser', 'public', 'USAGE') AS open,
             (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'heroku_ext') AS heroku_ext,
             (SELECT extowner::regrole || ' ' || extnamespace::regnamespace FROM pg_extension
              WHERE extname = 'pg_stat_statements') AS statements,
             (SELECT count(*) >= 0 FROM pg_stat_statements) AS readable`,
        )
        expect(row).to.deep.equal({
          administrator: true,
          public: generation === 'older' ? user : 'pg_database_owner',
          open: false,
          heroku_ext: user,
          statements: 'rdsadmin public',
          readable: true,
        })
        await ask(url, 'CREATE TABLE t (id int); ALTER TABLE t ADD x int; DROP TABLE t; CREATE EXTENSION hstore')
      })
    }

    it('keeps its owner out of other databases', async () => {
      const other = await provisionHerokuDatabase(heroku)
      for (const name of ['postgres', other.database]) {
        const url = database.url.replace(database.database, name)
        expect(await refusal(connect(url))).to.equal('42501')
      }
    })

    it('cannot be a source of logical replication', async () => {
      const [row] = await ask(
        database.url,
        `SELECT current_setting('wal_level') AS wal_level, rolsuper, rolreplication, rolcreaterole, rolcreatedb
         FROM pg_roles WHERE rolname = current_user`,
      )
      expect(row).to.deep.equal({
        wal_level: 'replica',
        rolsuper: false,
        rolreplication: false,
        rolcreaterole: false,
        rolcreatedb: false,
      })
    })

    it('lets its owner end sessions, refuse writes by default, and install trusted extensions', async () => {
      await connect(database.credentials.analytics!.url)
      const others = 'datname = current_database() AND usename <> current_user'
      await ask(database.url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`)
      await until('the session to end', async () => (await database.stats()).connections === 0)
      await ask(database.url, `ALTER DATABASE ${database.database} SET default_transaction_read_only = on`)
      expect(await refusal(ask(database.url, `INSERT INTO notes (text) VALUES ('x')`))).to.equal('25006')
      const provider = `ALTER DATABASE ${database.database} RESET default_transaction_read_only`
      await heroku.superuser(database.database, provider)
      await ask(database.url, 'CREATE EXTENSION hstore')
    })

    it('gives further credentials the data of every table, and nothing more', async () => {
      const {url} = database.credentials.analytics!
      const [row] = await ask(url, `INSERT INTO notes (text) VALUES ('Große') RETURNING text = 'GROßE' AS same, id`)
      expect(row).to.deep.equal({same: true, id: '1'})
      expect(await refusal(ask(url, 'DROP TABLE notes'))).to.equal('42501')
    })

    it('has the connections of its plan', async () => {
      const clients = await Promise.all(Array.from({length: 5}, () => connect(database.url)))
      expect(await refusal(connect(database.url))).to.equal('53300')
      expect((await database.stats()).connections).to.equal(5)
      await Promise.all(clients.map((client) => client.end()))
    })

    it('tells its size', async () => {
      const {bytes, tables} = await database.stats()
      expect(bytes).to.be.greaterThan(5_000_000)
      expect(tables).to.equal(1)
    })
  })

  describe('an RDS instance', () => {
    let instance: RdsInstance
    let target: TargetDatabase

    before(async () => {
      instance = await provisionRdsInstance(rds)
      ;[target] = await Promise.all([instance.createTargetDatabase(), instance.createTargetDatabase()])
    })

    it('has a master user who is no superuser', async () => {
      const [row] = await ask(
        target.masterUrl,
        `SELECT rolsuper, rolreplication, rolcreaterole, rolcreatedb,
           pg_has_role(current_user, 'rds_superuser', 'MEMBER') AS rds_superuser,
           pg_has_role(current_user, 'rds_replication', 'MEMBER') AS rds_replication
         FROM pg_roles WHERE rolname = current_user`,
      )
      expect(row).to.deep.equal({
        rolsuper: false,
        rolreplication: false,
        rolcreaterole: true,
        rolcreatedb: true,
        rds_superuser: true,
        rds_replication: true,
      })
    })

    it('lets the master, and not the app, set session_replication_role', async () => {
      await ask(target.masterUrl, 'SET session_replication_role = replica')
      expect(await refusal(ask(target.url, 'SET session_replication_role = replica'))).to.equal('42501')
    })

    it('has a database owned by an app role that the master made', async () => {
      await ask(target.url, 'CREATE TABLE things (id int); CREATE SCHEMA more; CREATE EXTENSION citext')
      const [row] = await ask(
        target.masterUrl,
        `SELECT pg_get_userbyid(datdba) AS owner,
           EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = datdba AND m.admin_option
                   AND m.member = current_user::regrole) AS admin
         FROM pg_database WHERE datname = current_database()`,
      )
      expect(row).to.deep.equal({owner: target.role, admin: true})
    })

    it('keeps everybody out of rdsadmin', async () => {
      expect(await refusal(connect(instance.masterUrl.replace(/\/app\?/, '/rdsadmin?')))).to.equal('42501')
    })

    it('shows its parameters as settings', async () => {
      const [row] = await ask(target.url, `SELECT current_setting('rds.extensions') AS list`)
      expect(String(row!.list).split(', ')).to.include.members(['citext', 'pg_stat_statements'])
    })

    it('refuses plaintext', async () => {
      const url = target.url.replace(/\?.*/, '')
      expect(await refusal(connect(url, {ssl: false}))).to.equal('28000')
    })

    it('is verified by its CA and its name, and only so', async () => {
      const url = target.url.replace(/\?.*/, '')
      const trusted = {ca: readFileSync(ca.caFile, 'utf8')}
      await (await connect(url, {ssl: trusted})).end()
      expect(await refusal(connect(url, {ssl: true}))).to.equal('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
      const byAddress = url.replace('@localhost', '@127.0.0.1')
      expect(await refusal(connect(byAddress, {ssl: trusted}))).to.equal('ERR_TLS_CERT_ALTNAME_INVALID')
    })

    it('is reached by the psql of the stack under the rules of libpq', () => {
      const plain = target.url.replace(/\?.*/, '')
      const verified = `${plain}?sslmode=verify-full`
      expect(run(['-XAtqc', `SELECT 1, NULL, true, 'ß'`, target.url])).to.deep.equal([0, '1||t|ß\n', ''])
      expect(run([verified, '-c', 'SELECT 1 AS one'], {PGSSLROOTCERT: ca.caFile})[1]).to.equal('one\n1\n(1 row)\n')
      expect(run([`${plain}?sslmode=disable`, '-c', 'SELECT 1'])[2]).to.match(
        /^psql: error: .*FATAL: {2}no pg_hba.conf/,
      )
      const missing = run([verified, '-c', 'SELECT 1'], {PGSSLROOTCERT: '/nowhere.crt', NODE_EXTRA_CA_CERTS: ca.caFile})
      expect(missing[0]).to.equal(2)
      expect(missing[2]).to.include('root certificate file "/nowhere.crt" does not exist')
      const otherName = run([target.url.replace('@localhost', '@127.0.0.1'), '-c', 'SELECT 1'])
      expect(otherName[2]).to.include('does not match host name "127.0.0.1"')
      expect(run([target.url, '-c', 'SHOW search_path'], {PGOPTIONS: '-c search_path=here'})[1]).to.include('here')
      expect(run([target.url, '-c', 'SELECT nothing'])).to.deep.equal([
        1,
        '',
        'ERROR:  column "nothing" does not exist\n',
      ])
    })
  })

  it('keep data and port through a restart and a crash', async () => {
    const {port} = heroku
    await heroku.superuser('postgres', 'CREATE TABLE kept AS SELECT 1 AS n')
    await heroku.restart()
    await heroku.restart({immediate: true})
    expect(await heroku.superuser('postgres', 'SELECT n FROM kept')).to.deep.equal([{n: 1}])
    expect(heroku.port).to.equal(port)
  })

  it('read new settings, some only at a restart', async () => {
    await heroku.configure({work_mem: '8MB', wal_level: 'logical'})
    const settings = `SELECT current_setting('work_mem') AS work_mem, current_setting('wal_level') AS wal_level`
    expect(await heroku.superuser('postgres', settings)).to.deep.equal([{work_mem: '8MB', wal_level: 'replica'}])
    await heroku.restart()
    expect(await heroku.superuser('postgres', settings)).to.deep.equal([{work_mem: '8MB', wal_level: 'logical'}])
    await heroku.configure({wal_level: 'replica'})
    await heroku.restart()
  })

  it('are gone with the process that started them, even a killed one', async () => {
    const own = temporaryFolder()
    const script = `
      import {createCertificateAuthority} from './sandbox/postgres/certificates.js'
      import {startServer} from './sandbox/postgres/server.js'
      const ca = await createCertificateAuthority(${JSON.stringify(own.path)})
      const server = await startServer({major: 16, tls: await ca.issueServerCertificate()})
      console.log(JSON.stringify([server.dataDir, server.port]))
      setInterval(() => {}, 1000)`
    const cwd = fileURLToPath(new URL('../..', import.meta.url))
    const child = spawn(process.execPath, ['--import', 'tsx-loader', '--input-type=module', '-e', script], {
      cwd,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    await until('the server to start', () => output.endsWith('\n'))
    const [dataDir] = JSON.parse(output) as [string, number]
    const pid = Number(readFileSync(`${dataDir}/postmaster.pid`, 'utf8').split('\n')[0])
    child.kill('SIGKILL')
    await until('the server to end', () => !isAlive(pid) && !existsSync(dirname(dataDir)))
    own.remove()
  })
})

function run(args: string[], env: Record<string, string> = {}): [number | null, string, string] {
  const {status, stdout, stderr} = spawnSync(psql, args, {encoding: 'utf8', env: {...process.env, ...env}})
  return [status, stdout, stderr]
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
