import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {WORKING_TABLES} from '../../src/lib/open/migration.js'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

import {expect} from 'chai'

import {isInstalled, type Major} from '../../sandbox/postgres/binaries.js'
import {createCertificateAuthority} from '../../sandbox/postgres/certificates.js'
import {provisionHerokuDatabase} from '../../sandbox/postgres/heroku-postgres.js'
import {provisionRdsInstance, type RdsInstance} from '../../sandbox/postgres/rds-postgres.js'
import {type PostgresServer, startServer} from '../../sandbox/postgres/server.js'
import {parseConnectionUrl} from '../../src/lib/postgres/connection-url.js'
import {beginMigration} from '../../src/lib/journal/journal.js'
import {schemaDumpOf} from '../../src/lib/adapters/pg-dump.js'
import {openDatabase} from '../../src/lib/adapters/postgres.js'
import {Secret} from '../../src/lib/ports/secret.js'
import {inventoryDifferences} from '../../src/lib/verify/inventory.js'
import {compareLargeObjects} from '../../src/lib/verify/large-objects.js'
import {copyOf} from '../support/copy.js'
import {
  ask,
  contentsOf,
  largeObjectsOf,
  type Opened,
  schemaFile,
  sequencesOf,
  type Source,
  SOURCE_TLS,
  type Target,
} from '../support/servers.js'

const SOURCES: readonly Major[] = [13, 14, 15, 16, 17, 18]
const TARGETS: readonly Major[] = [15, 16, 17, 18]
/** Each uses what its majors brought. */
const schemasFor = (major: Major): string[] => [
  'comments',
  'keys',
  'names',
  ...(major >= 14 ? ['types', 'code'] : []),
  ...(major >= 15 ? ['tables'] : []),
]
const RECORD = {app: 'shop', addonId: 'id', addonName: 'postgresql-flat-1', method: 'dump-restore', sourceIdentity: 'x'}

describe('a hard database arrives whole', () => {
  const folder = mkdtempSync(join(tmpdir(), 'majors-test-'))
  const running: PostgresServer[] = []
  const open: Opened[] = []
  const sources = new Map<Major, Source>()
  const targets = new Map<Major, {server: PostgresServer; rds: RdsInstance}>()
  let authority: string

  before('start a server of every major', async () => {
    const ca = await createCertificateAuthority(folder)
    authority = readFileSync(ca.caFile, 'utf8')
    const start = async (major: Major, name: string, requireTls: boolean) => {
      const tls = await ca.issueServerCertificate({name: `${name}-${major}`})
      const server = await startServer({major, dir: folder, tls, requireTls})
      running.push(server)
      return server
    }
    for (const major of SOURCES.filter(isInstalled)) {
      const server = await start(major, 'source', false)
      const database = await provisionHerokuDatabase(server)
      for (const name of schemasFor(major)) await ask(database.url, schemaFile(name))
      const parts = parseConnectionUrl(new Secret(database.url), 'source')
      const db = openDatabase('source', parts, SOURCE_TLS)
      open.push(db)
      const superuserUrl = server.superuserUrl(database.database)
      sources.set(major, {...database, parts, tls: SOURCE_TLS, major, db, superuserUrl} as Source)
    }
    for (const major of TARGETS.filter(isInstalled)) {
      const server = await start(major, 'target', true)
      targets.set(major, {server, rds: await provisionRdsInstance(server)})
    }
  })

  after('stop them', async () => {
    await Promise.all(open.map((db) => db.close()))
    await Promise.all(running.map((server) => server.stop({immediate: true})))
    rmSync(folder, {recursive: true, force: true})
  })

  async function newTarget(major: Major): Promise<Target> {
    const {server, rds} = targets.get(major)!
    const created = await rds.createTargetDatabase()
    const parts = parseConnectionUrl(new Secret(created.url), 'target')
    const tls = {mode: 'verified' as const, authorities: [authority]}
    const db = openDatabase('target', parts, tls)
    open.push(db)
    await beginMigration(db, RECORD, WORKING_TABLES)
    return {...created, parts, tls, db, superuserUrl: server.superuserUrl(created.database)} as Target
  }

  for (const from of SOURCES.filter(isInstalled)) {
    for (const to of TARGETS.filter((major) => major >= from && isInstalled(major))) {
      for (const native of [true, false]) {
        it(`from Postgres ${from} on Postgres ${to} ${native ? 'with the pg_dump of this machine' : 'without any pg_dump'}`, async function () {
          const source = sources.get(from)!
          const schemaDump = await schemaDumpOf(source.parts, source.tls, from, native)
          if (native && schemaDump.tool.includes('WebAssembly')) return this.skip() // there is none, or it is too old
          const target = await newTarget(to)
          await copyOf(source, target, {schemaDump}).everything()

          const [here, there] = [await contentsOf(source.superuserUrl), await contentsOf(target.superuserUrl)]
          expect(Object.keys(there).sort()).to.deep.equal(Object.keys(here).sort())
          expect(Object.keys(here).filter((table) => here[table] !== there[table])).to.deep.equal([])
          expect(await largeObjectsOf(target.superuserUrl)).to.deep.equal(await largeObjectsOf(source.superuserUrl))
          expect(await compareLargeObjects({from: source.db, to: target.db})).to.deep.equal({
            objects: 5,
            differences: [],
          })
          expect(await sequencesOf(target.superuserUrl)).to.deep.equal(await sequencesOf(source.superuserUrl))
          expect(await inventoryDifferences({from: source.db, to: target.db})).to.deep.equal([])
        })
      }
    }
  }
})
