import {readFileSync, mkdtempSync, rmSync} from 'node:fs'
import {WORKING_TABLES} from '../../src/lib/open/migration.js'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'

import pg from 'pg'
import {to as copyTo} from 'pg-copy-streams'

import {type AuroraOptions, becomeAurora} from '../../sandbox/postgres/aurora.js'
import type {Major} from '../../sandbox/postgres/binaries.js'
import {type CertificateAuthority, createCertificateAuthority} from '../../sandbox/postgres/certificates.js'
import {
  type HerokuDatabase,
  type HerokuDatabaseOptions,
  provisionHerokuDatabase,
} from '../../sandbox/postgres/heroku-postgres.js'
import {type Distance, startDistance} from '../../sandbox/network/distance.js'
import type {Profile, ProfileName} from '../../sandbox/network/profiles.js'
import {provisionRdsInstance, type RdsInstance, type TargetDatabase} from '../../sandbox/postgres/rds-postgres.js'
import {type PostgresServer, startServer} from '../../sandbox/postgres/server.js'
import {usualDistance} from './distance.js'
import {type ConnectionParts, parseConnectionUrl} from '../../src/lib/postgres/connection-url.js'
import {beginMigration} from '../../src/lib/journal/journal.js'
import type {Tls} from '../../src/lib/adapters/client-settings.js'
import {openDatabase} from '../../src/lib/adapters/postgres.js'
import type {CopyProgress, Operator} from '../../src/lib/ports/ports.js'
import {Secret} from '../../src/lib/ports/secret.js'

export type Opened = ReturnType<typeof openDatabase>

/** A database on Heroku, and how the tool and others reach it. */
export interface Source extends HerokuDatabase {
  parts: ConnectionParts
  tls: Tls
  major: Major
  /** As the tool opens it; closed after the test file. */
  db: Opened
  /** As an app: the owner unless another URL is given. Closed after the test file. */
  client(url?: string, config?: pg.ClientConfig): Promise<pg.Client>
  superuserUrl: string
}

export interface Target extends TargetDatabase {
  parts: ConnectionParts
  tls: Tls
  db: Opened
  client(url?: string): Promise<pg.Client>
  superuserUrl: string
}

export interface Servers {
  readonly source: PostgresServer
  readonly target: PostgresServer
  readonly ca: CertificateAuthority
  readonly folder: string
  /** A fresh database with Heroku's guardrails. */
  newSource(options?: HerokuDatabaseOptions): Promise<Source>
  /** A fresh database owned by an app role; with the tool's journal in it unless told otherwise. */
  newTarget(options?: {journal?: boolean; subscribes?: boolean}): Promise<Target>
  /** A database that is there already. */
  openTarget(created: TargetDatabase): Target
}

export const SOURCE_TLS: Tls = {mode: 'encrypted'}

/**
 * One source and one target for the tests of a file; `replication` lets one publish and the other subscribe, `aurora` makes Aurora of both.
 * Call it in a `describe`.
 */
export function servers({
  source: major = 16,
  target = 17,
  replication = false,
  aurora,
  distance: profile = usualDistance(),
}: {
  source?: Major
  target?: Major
  replication?: boolean
  aurora?: AuroraOptions
  /** Between the tool, which has `parts` and `db`, and both; apps are near. */
  distance?: Profile | ProfileName
} = {}): Servers {
  let folder: string
  const running: {
    source?: PostgresServer
    target?: PostgresServer
    ca?: CertificateAuthority
    rds?: RdsInstance
    distance?: Distance
  } = {}
  /** Of each server, as the tool reaches it. */
  const ports = {source: 0, target: 0}
  const closing: (() => Promise<unknown>)[] = []

  before('start the servers', async () => {
    folder = mkdtempSync(join(tmpdir(), 'contract-test-'))
    const ca = await createCertificateAuthority(folder, 'Test root')
    const forLocalhost = await ca.issueServerCertificate({hosts: ['localhost'], name: 'target'})
    ;[running.source, running.target] = await Promise.all([
      startServer({
        major,
        dir: folder,
        tls: await ca.issueServerCertificate(),
        settings: {max_prepared_transactions: '2', ...(replication ? {wal_level: 'logical'} : {})},
      }),
      startServer({major: target, dir: folder, tls: forLocalhost, requireTls: true}),
    ])
    running.ca = ca
    if (aurora) await Promise.all([running.source, running.target].map((server) => becomeAurora(server, aurora)))
    running.rds = await provisionRdsInstance(running.target)
    const distance = (running.distance = startDistance(profile, folder))
    ports.source = await distance.add('databases', running.source)
    ports.target = await distance.add('databases', running.target)
  })

  after('stop the servers', async () => {
    await Promise.all(closing.map((close) => close()))
    await running.distance?.stop()
    await Promise.all([running.source?.stop({immediate: true}), running.target?.stop({immediate: true})])
    rmSync(folder, {recursive: true, force: true})
  })

  const keep = (db: Opened) => {
    let closed: Promise<void> | undefined
    const close = () => (closed ??= db.close())
    closing.push(close)
    return {...db, close}
  }
  const connect = async (url: string, config: pg.ClientConfig = {}) => {
    const client = await newClient(url, config)
    closing.push(() => client.end().catch(() => undefined))
    return client
  }

  return {
    get source() {
      return running.source!
    },
    get target() {
      return running.target!
    },
    get ca() {
      return running.ca!
    },
    get folder() {
      return folder
    },
    async newSource(options) {
      const database = await provisionHerokuDatabase(running.source!, {replication, ...options})
      const parts = {...parseConnectionUrl(new Secret(database.url), 'DATABASE_URL'), port: ports.source}
      return {
        ...database,
        parts,
        tls: SOURCE_TLS,
        major,
        db: keep(openDatabase('source', parts, SOURCE_TLS)),
        client: (url = database.url, config) => connect(url, config),
        superuserUrl: running.source!.superuserUrl(database.database),
      }
    },
    async newTarget({journal = true, subscribes = replication} = {}) {
      const target = openTarget(await running.rds!.createTargetDatabase({subscribes}))
      if (journal) await beginMigration(target.db, RECORD, WORKING_TABLES)
      return target
    },
    openTarget,
  }

  function openTarget(created: TargetDatabase): Target {
    const {role, password, database} = created
    const url = running.rds!.appUrl(role, password, database)
    const parts = {...parseConnectionUrl(new Secret(url), 'RDS_DATABASE_URL'), port: ports.target}
    const tls: Tls = {mode: 'verified', authorities: [readFileSync(running.ca!.caFile, 'utf8')]}
    return {
      ...created,
      url,
      parts,
      tls,
      db: keep(openDatabase('target', parts, tls)),
      client: (other = url) => connect(other),
      superuserUrl: running.target!.superuserUrl(database),
    }
  }
}

const RECORD = {app: 'shop', addonId: 'id', addonName: 'postgresql-flat-1', method: 'dump-restore', sourceIdentity: 'x'}

export async function newClient(url: string, config: pg.ClientConfig = {}): Promise<pg.Client> {
  const tls = url.includes('sslmode=') || config.ssl !== undefined ? {} : {ssl: {rejectUnauthorized: false}}
  const client = new pg.Client({connectionString: url, ...tls, ...config})
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** Rows of the last of some statements, on a connection of its own. */
export async function ask<Row = Record<string, unknown>>(url: string, sql: string, values?: unknown[]): Promise<Row[]> {
  const client = await newClient(url)
  try {
    const result = (await client.query(sql, values)) as pg.QueryResult | pg.QueryResult[]
    return (Array.isArray(result) ? result.at(-1)!.rows : result.rows) as Row[]
  } finally {
    await client.end()
  }
}

/** The error that a promise must end in. */
export async function errorOf<E = Error & {code: string}>(promise: Promise<unknown>): Promise<E> {
  try {
    await promise
  } catch (error) {
    return error as E
  }
  throw new Error('it was not refused')
}

/** Its SQLSTATE, or node's code. */
export const codeOf = async (promise: Promise<unknown>): Promise<string> => (await errorOf(promise)).code

/** Polls until the condition holds; fails with what was awaited. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 15_000,
): Promise<void> {
  for (const end = Date.now() + timeoutMs; !(await condition()); await delay(10)) {
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms for ${what}`)
  }
}

/** The schema files, as the owner of a Heroku database would run them. */
export const schemaFile = (name: string): string =>
  readFileSync(new URL(`../schemas/${name}.sql`, import.meta.url), 'utf8')

/** An operator who keeps what is told. */
export function listener(): Operator & {told: string[]; progress: CopyProgress[]} {
  const [told, progress]: [string[], CopyProgress[]] = [[], []]
  return {
    told,
    progress,
    tell: (line) => void told.push(line),
    step: () => undefined,
    copying: (state) => void progress.push(state),
    following: () => undefined,
    verifying: () => undefined,
    decideGate: () => Promise.resolve(true),
  }
}

export const patience = (seconds = 60, signal: AbortSignal = new AbortController().signal) => ({
  seconds,
  signal,
  clock: {now: () => new Date(), sleep: (ms: number) => delay(ms)},
})

/*
 * What is in a database, told by the server alone and by other queries than those of the tool: the judge of every copy.
 */

const JUDGE = {
  options:
    '-c standard_conforming_strings=on -c search_path= -c quote_all_identifiers=off -c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=3 -c bytea_output=hex',
}
const THEIRS = `n.nspname !~ '^pg_' and n.nspname not in ('information_schema', '_heroku', 'heroku_rds')`
const OWN = (catalog: string, oid: string) =>
  `not exists (select from pg_depend x where x.classid = '${catalog}'::regclass and x.objid = ${oid} and x.deptype = 'e')`

async function judge<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await newClient(url, JUDGE)
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** The bytes of every table and filled materialized view, in the order of their text. */
export const contentsOf = (superuserUrl: string): Promise<Record<string, string>> =>
  judge(superuserUrl, async (client) => {
    const {rows} = await client.query<{name: string}>(`
      select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where (c.relkind = 'r' or c.relkind = 'm' and c.relispopulated) and ${THEIRS} and ${OWN('pg_class', 'c.oid')}`)
    const contents: Record<string, string> = {}
    for (const {name} of rows) {
      const sql = `copy (select this_row.* from only ${name} this_row order by (this_row.*)::text collate "C") to stdout`
      const chunks: Buffer[] = []
      for await (const chunk of client.query(copyTo(sql))) chunks.push(chunk as Buffer)
      contents[name] = Buffer.concat(chunks).toString('latin1')
    }
    return contents
  })

/** Rows and a digest of every table that does not depend on their order; for contents too large to hold. */
export const digestsOf = (superuserUrl: string): Promise<Record<string, string>> =>
  judge(superuserUrl, async (client) => {
    const {rows} = await client.query<{name: string}>(`
      select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and ${THEIRS} and ${OWN('pg_class', 'c.oid')}`)
    const digests: Record<string, string> = {}
    for (const {name} of rows) {
      const found = await client.query<{digest: string}>(
        `select concat(count(*), ' rows, ', md5(string_agg(md5((this_row.*)::text), '' order by md5((this_row.*)::text)))) as digest from only ${name} this_row`,
      )
      digests[name] = found.rows[0]!.digest
    }
    return digests
  })

/** Every large object, with its comment. */
export const largeObjectsOf = (superuserUrl: string): Promise<string[]> =>
  judge(superuserUrl, async (client) => {
    const {rows} = await client.query<{line: string}>(`
      select concat_ws(' ', oid, obj_description(oid, 'pg_largeobject'), length(lo_get(oid)), encode(sha256(lo_get(oid)), 'hex')) as line
      from pg_largeobject_metadata order by oid`)
    return rows.map(({line}) => line)
  })

/** Position of every sequence. */
export const sequencesOf = (superuserUrl: string): Promise<Record<string, unknown>> =>
  judge(superuserUrl, async (client) => {
    const {rows} = await client.query<{name: string}>(`
      select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'S' and ${THEIRS}`)
    const positions: Record<string, unknown> = {}
    for (const {name} of rows) {
      positions[name] = (
        await client.query<{position: string}>(`select concat_ws(' ', last_value, is_called) as position from ${name}`)
      ).rows[0]!.position
    }
    return positions
  })

/** Every object with its definition, but for the fence and the log of landed writes. */
export const definitionsOf = (superuserUrl: string): Promise<string[]> =>
  judge(superuserUrl, async (client) => {
    const {rows} = await client.query<{line: string}>(DEFINITIONS)
    return rows.map(({line}) => line)
  })

const CLASS = `pg_class c join pg_namespace n on n.oid = c.relnamespace and ${THEIRS} and ${OWN('pg_class', 'c.oid')}`
/** Which names a server quotes is a matter of its keywords. */
const DEFINITIONS = `
  select regexp_replace(line, '"(json|json_value|merge_action|system_user)"', '\\1', 'g') as line from (
    select format('schema %s', n.nspname) as line from pg_namespace n where ${THEIRS}
    union all select format('extension %s in %s', extname, extnamespace::regnamespace) from pg_extension where extname not in ('plpgsql', 'pg_stat_statements')
    union all select concat_ws(' | ', 'class', c.oid::regclass, c.relkind, c.relpersistence, c.reloptions, c.relrowsecurity, c.relforcerowsecurity,
        c.relreplident, pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid), nullif(c.reloftype, 0)::regtype, c.relispopulated,
        case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end) from ${CLASS} where c.relkind <> 'i' and c.relkind <> 'I'
    union all select concat_ws(' | ', 'column', c.oid::regclass, row_number() over (partition by c.oid order by a.attnum), a.attname,
        format_type(a.atttypid, a.atttypmod), nullif(a.attcollation, 0)::regcollation, a.attnotnull, a.attidentity, a.attgenerated, a.attstorage,
        nullif(a.attstattarget, -1), a.attislocal, a.attinhcount, a.attoptions, pg_get_expr(d.adbin, d.adrelid))
      from ${CLASS} join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and c.relkind not in ('i', 'I', 'S')
      left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    union all select concat_ws(' | ', 'inherits', c.oid::regclass, i.inhparent::regclass, i.inhseqno) from ${CLASS}
      join pg_inherits i on i.inhrelid = c.oid where c.relkind in ('r', 'p')
    union all select concat_ws(' | ', 'index', pg_get_indexdef(i.indexrelid), i.indisclustered, i.indisreplident, i.indisvalid,
        (select h.inhparent::regclass from pg_inherits h where h.inhrelid = i.indexrelid), pg_get_statisticsobjdef(null))
      from ${CLASS} join pg_index i on i.indrelid = c.oid
    union all select concat_ws(' | ', 'constraint', c.oid::regclass, k.conname, pg_get_constraintdef(k.oid), k.convalidated, k.conislocal, k.coninhcount,
        k.contype = 'c' and k.connoinherit) from ${CLASS} join pg_constraint k on k.conrelid = c.oid
    union all select concat_ws(' | ', 'trigger', pg_get_triggerdef(t.oid), t.tgenabled, t.tgparentid <> 0) from ${CLASS}
      join pg_trigger t on t.tgrelid = c.oid where not t.tgisinternal and t.tgname !~ '^heroku_rds'
    union all select concat_ws(' | ', 'rule', pg_get_ruledef(r.oid), r.ev_enabled) from ${CLASS} join pg_rewrite r on r.ev_class = c.oid
    union all select concat_ws(' | ', 'policy', c.oid::regclass, p.polname, p.polcmd, p.polpermissive, p.polroles, pg_get_expr(p.polqual, c.oid),
        pg_get_expr(p.polwithcheck, c.oid)) from ${CLASS} join pg_policy p on p.polrelid = c.oid
    union all select concat_ws(' | ', 'statistics', pg_get_statisticsobjdef(s.oid)) from pg_statistic_ext s
    union all select concat_ws(' | ', 'sequence', c.oid::regclass, s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle,
        (select pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid) from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
           and d.refobjsubid > 0)) from ${CLASS} join pg_sequence s on s.seqrelid = c.oid
    union all select concat_ws(' | ', 'function', case when p.prokind = 'a' then p.oid::regprocedure::text else pg_get_functiondef(p.oid) end, p.proacl is null)
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${THEIRS} and ${OWN('pg_proc', 'p.oid')}
    union all select concat_ws(' | ', 'aggregate', a.aggfnoid::regprocedure, a.aggkind, a.aggtransfn, a.aggfinalfn, a.aggtranstype::regtype, a.agginitval)
      from pg_aggregate a join pg_proc p on p.oid = a.aggfnoid join pg_namespace n on n.oid = p.pronamespace where ${THEIRS} and ${OWN('pg_proc', 'p.oid')}
    union all select concat_ws(' | ', 'operator', o.oid::regoperator, o.oprcode, nullif(o.oprcom, 0)::regoperator, o.oprresult::regtype)
      from pg_operator o join pg_namespace n on n.oid = o.oprnamespace where ${THEIRS} and ${OWN('pg_operator', 'o.oid')}
    union all select concat_ws(' | ', 'cast', castsource::regtype, casttarget::regtype, castfunc::regprocedure, castcontext)
      from pg_cast where oid >= 16384 and ${OWN('pg_cast', 'pg_cast.oid')}
    union all select concat_ws(' | ', 'type', t.oid::regtype, t.typtype, (select array_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid),
        format_type(nullif(t.typbasetype, 0), t.typtypmod), t.typnotnull, t.typdefault,
        (select array_agg(pg_get_constraintdef(k.oid) order by k.conname) from pg_constraint k where k.contypid = t.oid),
        (select concat_ws(' ', r.rngsubtype::regtype, r.rngmultitypid::regtype, r.rngsubdiff) from pg_range r where r.rngtypid = t.oid))
      from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.typtype in ('e', 'd', 'r') and ${THEIRS} and ${OWN('pg_type', 't.oid')}
    union all select concat_ws(' | ', 'collation', o.oid::regcollation, o.collprovider, o.collcollate, coalesce(to_jsonb(o)->>'colllocale', to_jsonb(o)->>'colliculocale'))
      from pg_collation o join pg_namespace n on n.oid = o.collnamespace where ${THEIRS}
    union all select concat_ws(' | ', 'text search', g.oid::regconfig, m.maptokentype, m.mapseqno, m.mapdict::regdictionary)
      from pg_ts_config g join pg_namespace n on n.oid = g.cfgnamespace and ${THEIRS} left join pg_ts_config_map m on m.mapcfg = g.oid
    union all select concat_ws(' | ', 'dictionary', i.oid::regdictionary, i.dictinitoption) from pg_ts_dict i join pg_namespace n on n.oid = i.dictnamespace and ${THEIRS}
    union all select concat_ws(' | ', 'comment', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description) from pg_description d
      where d.objoid >= 16384 and d.classoid <> 'pg_extension'::regclass and not exists (
        select from pg_depend x where x.classid = d.classoid and x.objid = d.objoid and x.deptype = 'e')
    union all select concat_ws(' | ', 'setting', s.setrole = 0, setting) from pg_db_role_setting s, unnest(s.setconfig) setting
      where s.setdatabase = (select oid from pg_database where datname = current_database()) and setting !~ 'extwlist'
  ) lines order by line collate "C"`
