import {hostname, userInfo} from 'node:os'

import {clock} from '../adapters/clock.js'
import {bareUrl, type ConnectionParts} from '../postgres/connection-url.js'
import {HerokuClient, REQUEST_SECONDS} from '../adapters/heroku-client.js'
import {herokuOf} from '../adapters/heroku.js'
import {recall, type Remembered} from '../adapters/memory.js'
import {rdsOf} from '../adapters/rds.js'
import type {Tls} from '../adapters/client-settings.js'
import type {World} from '../assessment/assess.js'
import {journalOn, type MigrationRecord} from '../journal/journal.js'
import type {Options, Closable} from './options.js'
import {type Began, type Source, sourceOf} from './source.js'
import {TARGET_URL_VAR, noTarget, openTarget} from './target.js'
import {beside} from '../flow/waits.js'
import {isOutside} from '../apps/outside-source.js'
import {codeOf} from '../postgres/sqlstate.js'
import {RdsError} from '../ports/errors.js'
import type {Clock, Database, Heroku, Journal} from '../ports/ports.js'
import {Secret} from '../ports/secret.js'

/** Where the system's own certificate bundle lies on Heroku's stacks; RDS' authorities are in it since 2024-11. */
const STACK_CA_FILE = '/etc/ssl/certs/ca-certificates.crt'

/** What a command works with that only reads: Heroku, the source, the target when one is named, and the journal on it. */
export interface Opened extends World {
  record?: MigrationRecord
  journal?: Journal
  sourceParts: ConnectionParts
  sourceTls: Tls
  /** The same with the credential of the day. */
  renewSource(): Promise<ConnectionParts>
  targetParts?: ConnectionParts
  /** As the app will reach it, but for TLS. */
  targetUrl?: Secret
  caFile: string
  lateSeconds: number
}

export const operatorName = (): string => `${userInfo().username}@${hostname()}`

/** With what is remembered. */
type Known = Options & Pick<Remembered, 'source'>

/** Opens the source, and a connection to it at once; whoever asks it first is told why there is none. */
async function openSource(
  heroku: Heroku,
  {began, sourceUrlEnv, ...options}: Options & {began: Began | undefined},
  open: Closable[],
): Promise<Source> {
  const source = await sourceOf(heroku, {...options, sourceUrlEnv}, began)
  open.push(source.db)
  await source.db.connect().catch(() => undefined)
  return source
}

/** Opens the world of an app, and closes it when the work is done. Reads only. */
export async function withWorld<T>(given: Options, work: (world: Opened) => Promise<T>): Promise<T> {
  const options = {...(await recall(given.dataDir, given.app)), ...definedOf(given)} as Known
  const heroku = herokuOf(new HerokuClient(options.api, clock, {tell: options.tell}), clock)
  const open: Closable[] = []
  try {
    // The source is most often the one of the last time: it is not waited for that the target says so.
    const guess = {began: options.source, sourceUrlEnv: options.sourceUrlEnv}
    const opening = beside(() => openSource(heroku, {...options, ...guess}, open))
    const [app, opened, guessed] = await Promise.allSettled([
      beside(() => heroku.app(options.app)),
      beside(() => openTarget(options, given.target, open)),
      opening,
    ])
    if (app.status === 'rejected') throw app.reason
    if (opened.status === 'rejected' && !(given.reading && opened.reason instanceof RdsError)) throw opened.reason
    const {target, record} = opened.status === 'fulfilled' ? opened.value : {}
    const sourceUrlEnv = sourceNamed(given, options, record)
    const isRight =
      sourceUrlEnv === guess.sourceUrlEnv &&
      (record ? guessed.status === 'fulfilled' && guessed.value.addon.id === record.addonId : !guess.began)
    const remembered = guess.began && given.database === undefined && guessed.status === 'fulfilled' && guessed.value
    const source = await (isRight
      ? opening
      : openSource(heroku, {...options, began: record, sourceUrlEnv}, open).catch((error: unknown) => {
          // Switched, and the journal is gone: the app has no name for it any more.
          if (remembered && !record && codeOf(error) === 'unknown_database') return remembered
          throw error
        }))
    return await work({
      app: options.app,
      addon: source.addon,
      heroku: source.heroku,
      source: source.db,
      sourceTls: source.tls,
      sourceParts: source.parts,
      renewSource: source.renew,
      sourceAddress: source.parts,
      rds: rdsOf(options.region),
      clock,
      caFile: options.caFile ?? STACK_CA_FILE,
      lateSeconds: given.lateSeconds ?? REQUEST_SECONDS,
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

/** What says that a database is not there: Heroku that does not answer, or a login that has ended, says nothing of it. */
const GONE = /^(no_heroku_postgres|not_found|source_gone|source_unreachable|target_unreachable|unknown_database)$/

/** A database, or why it cannot be used. */
export type Either = {db: Database; trouble?: undefined} | {db?: undefined; trouble: RdsError}

/** Opens each of both databases that can be reached, for a command that clears up after the other is gone. */
export async function openEither<T>(
  given: Options,
  work: (sides: {source: Either; target: Either; clock: Clock}) => Promise<T>,
): Promise<T> {
  const options = {...(await recall(given.dataDir, given.app)), ...definedOf(given)} as Options
  const heroku = herokuOf(new HerokuClient(options.api, clock, {tell: options.tell}), clock)
  const open: Closable[] = []
  const either = async (opening: () => Promise<Database>): Promise<Either> => {
    try {
      return {db: await opening()}
    } catch (error) {
      if (error instanceof RdsError && GONE.test(error.code)) return {trouble: error}
      throw error
    }
  }
  if (!process.env[TARGET_URL_VAR]) throw noTarget()
  let record: MigrationRecord | undefined
  try {
    const target = await either(async () => {
      const opened = await openTarget(options, given.target, open)
      record = opened.record
      return opened.target!.db
    })
    const source = await either(async () => {
      const {db} = await sourceOf(heroku, {...options, sourceUrlEnv: sourceNamed(given, options, record)}, record)
      open.push(db)
      await db.query('select')
      return db
    })
    return await work({source, target, clock})
  } finally {
    await Promise.all(open.map((db) => db.close()))
  }
}

/** What is remembered holds for the migration that began with it, and for no other. */
const sourceNamed = (given: Options, known: Options, record: MigrationRecord | undefined): string | undefined =>
  given.sourceUrlEnv ?? (record && isOutside({id: record.addonId}) ? known.sourceUrlEnv : undefined)

const definedOf = (options: Options) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
