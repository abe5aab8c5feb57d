import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

import pg from 'pg'

import {createCertificateAuthority} from '../../sandbox/postgres/certificates.js'
import {type HerokuDatabase, provisionHerokuDatabase} from '../../sandbox/postgres/heroku-postgres.js'
import {provisionRdsInstance, type TargetDatabase} from '../../sandbox/postgres/rds-postgres.js'
import {type PostgresServer, startServer} from '../../sandbox/postgres/server.js'

/** Memory as Heroku and RDS give it to a server of 8 GB; both write their log as they would there. */
const SOURCE = {shared_buffers: '2GB', effective_cache_size: '6GB', maintenance_work_mem: '384MB', max_wal_size: '4GB'}
const TARGET = {
  shared_buffers: '2GB',
  effective_cache_size: '4GB',
  maintenance_work_mem: '127MB',
  max_wal_size: '2GB',
  max_worker_processes: 8,
}

export interface Stage {
  source: PostgresServer
  target: PostgresServer
  database: HerokuDatabase
  newTarget(): Promise<TargetDatabase>
  drop(target: TargetDatabase): Promise<void>
  authorities: string[]
  caFile: string
  stop(): Promise<void>
}

/** A Heroku database with the given contents, vacuumed, and an instance to copy it to. Both are servers of this machine. */
export async function setStage(statements: readonly string[]): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-copy-'))
  const ca = await createCertificateAuthority(folder)
  const [source, target] = await Promise.all([
    startServer({major: 15, dir: folder, tls: await ca.issueServerCertificate({name: 'source'}), settings: SOURCE}),
    startServer({
      major: 15,
      dir: folder,
      tls: await ca.issueServerCertificate({name: 'target'}),
      requireTls: true,
      settings: TARGET,
    }),
  ])
  const rds = await provisionRdsInstance(target)
  const database = await provisionHerokuDatabase(source)
  const client = new pg.Client({connectionString: database.url, ssl: {rejectUnauthorized: false}})
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.query('vacuum (freeze, analyze)')
  await client.end()
  await source.superuser('postgres', 'checkpoint')
  return {
    source,
    target,
    database,
    newTarget: () => rds.createTargetDatabase(),
    async drop({database: name, role}) {
      await target.superuser('postgres', `drop database "${name}" with (force)`)
      await target.superuser('postgres', `drop role "${role}"`)
      await target.superuser('postgres', 'checkpoint')
    },
    caFile: ca.caFile,
    authorities: [readFileSync(ca.caFile, 'utf8')],
    async stop() {
      await Promise.all([source.stop({immediate: true}), target.stop({immediate: true})])
      rmSync(folder, {recursive: true, force: true})
    },
  }
}
