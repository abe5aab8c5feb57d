import {hostname, userInfo} from 'node:os'

import type {APIClient} from '@heroku-cli/command'

import type {World} from './assessment/assess.js'
import {authoritiesFor} from './adapters/certificates.js'
import {clock} from './adapters/clock.js'
import {bareUrl, type ConnectionParts, parseConnectionUrl} from './adapters/connection-url.js'
import {HerokuClient} from './adapters/heroku-client.js'
import {herokuOf} from './adapters/heroku.js'
import {journalOn, type MigrationRecord, readMigration} from './adapters/journal.js'
import {recall} from './adapters/memory.js'
import {runPsql} from './adapters/psql.js'
import {openDatabase, type Tls} from './adapters/postgres.js'
import {rdsOf} from './adapters/rds.js'
import {failed, RdsError, refused, wrongUsage} from './errors.js'
import type {Attachment, Database, Heroku, Journal} from './ports.js'
import {Secret} from './secret.js'

/** Where the system's own certificate bundle lies on Heroku's stacks; RDS' authorities are in it since 2024-11. */
const STACK_CA_FILE = '/etc/ssl/certs/ca-certificates.crt'
export const TARGET_URL_VAR = 'RDS_DATABASE_URL'

export interface Options {
  api: APIClient
  /** Where the CLI keeps a plugin's files. */
  dataDir: string
  app: string
  /** Attachment or add-on name; DATABASE by default. */
  database?: string
  target?: string
  region?: string
  caFile?: string
  /** For a command that only reads: its sessions refuse to write, to wait or to stay. */
  reading?: boolean
}

/** The target, as the environment names it. */
async function targetOf(
  options: Options,
): Promise<{db: Closable; parts: ConnectionParts; authorities: string[]} | undefined> {
  const value = process.env[TARGET_URL_VAR]
  if (!value) return undefined
  const parts = parseConnectionUrl(new Secret(value), TARGET_URL_VAR)
  if (options.target) {
    const {endpoint} = await rdsOf(options.region).describe(options.target)
    if (endpoint && endpoint.host !== parts.host) {
      throw wrongUsage(
        'target_mismatch',
        `${TARGET_URL_VAR} leads to ${parts.host}, the endpoint of ${options.target} is ${endpoint.host}`,
      )
    }
  }
  const authorities = await authoritiesFor(parts, TARGET_URL_VAR)
  return {
    db: openDatabase('target', parts, {mode: 'verified', authorities}, {reading: options.reading ?? false}),
    parts,
    authorities,
  }
}

type Closable = Database & {close(): Promise<void>}

export const noTarget = () =>
  wrongUsage(
    'no_target',
    'no target is named',
    `export ${TARGET_URL_VAR}=postgres://user:password@host:5432/database with the credential that the app shall use on RDS`,
  )

/** What a command works with that only reads: Heroku, the source, the target when one is named, and the journal on it. */
export interface Opened extends World {
  record?: MigrationRecord
  journal?: Journal
  sourceParts: ConnectionParts
  /** The same with the credential of the day. */
  renewSource(): Promise<ConnectionParts>
  targetParts?: ConnectionParts
  /** Without parameters. */
  targetUrl?: Secret
  caFile: string
}

export const operatorName = (): string => `${userInfo().username}@${hostname()}`

/** Opens the world of an app, and closes it when the work is done. Reads only. */
export async function withWorld<T>(given: Options, work: (world: Opened) => Promise<T>): Promise<T> {
  const options = {...(await recall(given.dataDir, given.app)), ...definedOf(given)} as Options
  const heroku = herokuOf(new HerokuClient(options.api, clock), clock)
  const open: Closable[] = []
  try {
    const [app, opened] = await Promise.allSettled([heroku.app(options.app), openTarget(options, open)])
    if (app.status === 'rejected') throw app.reason
    if (opened.status === 'rejected' && !(given.reading && opened.reason instanceof RdsError)) throw opened.reason
    const {target, record} = opened.status === 'fulfilled' ? opened.value : {}
    const source = await sourceOf(heroku, options, record)
    open.push(source.db)
    return await work({
      app: options.app,
      addon: source.addon,
      heroku,
      source: source.db,
      sourceParts: source.parts,
      renewSource: source.renew,
      sourceAddress: source.parts,
      rds: rdsOf(options.region),
      clock,
      caFile: options.caFile ?? STACK_CA_FILE,
      ...(opened.status === 'rejected' ? {targetTrouble: opened.reason as RdsError} : {}),
      ...(target
        ? {target: target.db, targetParts: target.parts, targetEndpoint: target.parts, targetUrl: bareUrl(target.parts)}
        : {}),
      ...(record && target ? {record, journal: journalOn(target.db, operatorName())} : {}),
      ...(options.target ? {targetId: options.target} : {}),
    })
  } finally {
    await Promise.all(open.map((db) => db.close()))
  }
}

/** The target and what its journal says it is the target of. */
async function openTarget(options: Options, open: Closable[]) {
  const target = await targetOf(options)
  if (!target) return {}
  open.push(target.db)
  const record = await readMigration(target.db)
  if (record && record.app !== options.app) {
    throw refused(
      'other_migration',
      `the target belongs to the migration of ${record.app}`,
      'name the target of this app',
    )
  }
  return {target, record}
}

/** A database, or why it cannot be used. */
export type Either = {db: Database; trouble?: undefined} | {db?: undefined; trouble: RdsError}

/** Opens whichever of both databases is there, for a command that clears up after the other is gone. */
export async function openEither<T>(
  given: Options,
  work: (sides: {source: Either; target: Either}) => Promise<T>,
): Promise<T> {
  const options = {...(await recall(given.dataDir, given.app)), ...definedOf(given)} as Options
  const heroku = herokuOf(new HerokuClient(options.api, clock), clock)
  const open: Closable[] = []
  const either = async (opening: () => Promise<Database>): Promise<Either> => {
    try {
      return {db: await opening()}
    } catch (error) {
      if (error instanceof RdsError) return {trouble: error}
      throw error
    }
  }
  if (!process.env[TARGET_URL_VAR]) throw noTarget()
  let record: MigrationRecord | undefined
  try {
    const target = await either(async () => {
      const opened = await openTarget(options, open)
      record = opened.record
      return opened.target!.db
    })
    const source = await either(async () => {
      const {db} = await sourceOf(heroku, options, record)
      open.push(db)
      await db.query('select')
      return db
    })
    return await work({source, target})
  } finally {
    await Promise.all(open.map((db) => db.close()))
  }
}

const definedOf = (options: Options) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))

/** The source by its attachment, or – after the switch, when DATABASE is a plain config var – by what the journal says. */
async function sourceOf(
  heroku: Heroku,
  {app, database = 'DATABASE', reading = false}: Options,
  record: MigrationRecord | undefined,
) {
  const [attachment, config] = await Promise.all([
    record
      ? attachmentOf(heroku, app, {id: record.addonId, name: record.addonName})
      : heroku.resolveDatabase(app, database),
    heroku.configVars(app),
  ])
  if (attachment.namespace?.startsWith('connection-pooling:')) {
    throw refused(
      'pooled',
      `${attachment.name} leads through the pooler, where sessions are shared`,
      'name the direct attachment of the database',
    )
  }
  const {addon} = attachment
  const parts = partsIn(config, attachment)
  const renew = async () => partsIn(await heroku.configVars(app), await attachmentOf(heroku, app, addon))
  return {addon, parts, renew, db: openDatabase('source', parts, SOURCE_TLS, {renew, reading})}
}

function partsIn(config: Record<string, Secret>, {app, configVars: [name = '']}: Attachment): ConnectionParts {
  const url = config[name]
  if (!url) throw failed('no_config_var', `${app} has no config var ${name}`)
  return parseConnectionUrl(url, `${name} of ${app}`)
}

/** Heroku Postgres presents certificates that no public authority signs: encryption is what it allows. */
export const SOURCE_TLS: Tls = {mode: 'encrypted'}

/** Whatever the add-on is attached as at the moment, with its default credential. */
async function attachmentOf(heroku: Heroku, app: string, addon: {id: string; name: string}): Promise<Attachment> {
  const attachments = await heroku.attachments(addon.id)
  const here = attachments.find((attachment) => attachment.app === app && attachment.namespace === null)
  if (!here) {
    throw refused(
      'source_gone',
      `${addon.name} is no longer attached to ${app}`,
      `heroku addons:attach ${addon.name} -a ${app}`,
    )
  }
  return here
}

/** Runs psql on the target with the credential by environment, and returns its exit code. */
export async function psqlOnTarget(options: Options & {command?: string | undefined}): Promise<number> {
  const target = await targetOf(options)
  if (!target) throw noTarget()
  await target.db.close()
  return runPsql(target.parts, target.authorities, options.command)
}
