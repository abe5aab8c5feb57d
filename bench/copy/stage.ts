import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

import pg from 'pg'

import type {Major} from '../../sandbox/postgres/binaries.js'
import {createCertificateAuthority} from '../../sandbox/postgres/certificates.js'
import {type HerokuDatabase, provisionHerokuDatabase} from '../../sandbox/postgres/heroku-postgres.js'
import {provisionRdsInstance, type TargetDatabase} from '../../sandbox/postgres/rds-postgres.js'
import {type PostgresServer, startServer} from '../../sandbox/postgres/server.js'
import {SOURCE_SETTINGS, TARGET_SETTINGS} from '../stage.js'

export interface Stage {
  source: PostgresServer
  target: PostgresServer
  database: HerokuDatabase
  newTarget(): Promise<TargetDatabase>
  drop(target: TargetDatabase): Promise<void>
  caFile: string
  /** What a copy has to bring. */
  contents(superuserUrl: string): Promise<{bytes: number; rows: number; indexes: number; constraints: number}>
  stop(): Promise<void>
}

/** Heroku's own: a peer that may not bring them to the target ends with an error, whatever else it has brought. */
const FORBIDDEN = ['drop extension pg_stat_statements', 'drop schema _heroku cascade']

/** A Heroku database with the given contents, vacuumed, and an instance to copy it to. Both are servers of this machine. */
export async function setStage(statements: readonly string[], newestMajor: number): Promise<Stage> {
  const major = Math.min(newestMajor, 17) as Major
  const folder = mkdtempSync(join(tmpdir(), 'bench-copy-'))
  const ca = await createCertificateAuthority(folder)
  const [source, target] = await Promise.all([
    startServer({
      major,
      dir: folder,
      tls: await ca.issueServerCertificate({name: 'source'}),
      settings: SOURCE_SETTINGS,
    }),
    startServer({
      major,
      dir: folder,
      tls: await ca.issueServerCertificate({name: 'target'}),
      requireTls: true,
      settings: TARGET_SETTINGS,
    }),
  ])
  const rds = await provisionRdsInstance(target)
  const database = await provisionHerokuDatabase(source)
  for (const statement of FORBIDDEN) await source.superuser(database.database, statement)
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
    contents,
    async stop() {
      await Promise.all([source.stop({immediate: true}), target.stop({immediate: true})])
      rmSync(folder, {recursive: true, force: true})
    },
  }
}

async function contents(superuserUrl: string) {
  const client = new pg.Client({connectionString: superuserUrl})
  await client.connect()
  try {
    const {rows: tables} = await client.query<{name: string}>(
      `select oid::regclass::text as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
    )
    let rows = 0
    for (const {name} of tables)
      rows += Number((await client.query<{n: string}>(`select count(*) as n from ${name}`)).rows[0]!.n)
    const {rows: counted} = await client.query<{bytes: string; indexes: string; constraints: string}>(`
      select (select sum(pg_total_relation_size(oid)) from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace) as bytes,
        (select count(*) from pg_index i join pg_class c on c.oid = i.indrelid where indisvalid and relnamespace = 'public'::regnamespace) as indexes,
        (select count(*) from pg_constraint where convalidated and connamespace = 'public'::regnamespace) as constraints`)
    const {bytes, indexes, constraints} = counted[0]!
    return {bytes: Number(bytes), rows, indexes: Number(indexes), constraints: Number(constraints)}
  } finally {
    await client.end()
  }
}
