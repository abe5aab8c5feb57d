import {tunnelThrough} from '../adapters/bastion.js'
import {authoritiesFor} from '../adapters/certificates.js'
import type {Tls} from '../adapters/client-settings.js'
import {openDatabase} from '../adapters/postgres.js'
import {isOutside, OUTSIDE, withoutAddon} from '../apps/outside-source.js'
import {bastionOf} from '../apps/source-bastion.js'
import {addonNamed, addonOf, databasesOf, ownerParts, ownerPartsNow} from '../apps/source-database.js'
import type {MigrationRecord} from '../journal/journal.js'
import type {Attachment, Heroku} from '../ports/ports.js'
import {refused, wrongUsage} from '../ports/errors.js'
import {Secret} from '../ports/secret.js'
import {type ConnectionParts, parseConnectionUrl} from '../postgres/connection-url.js'
import type {Closable, Options} from './options.js'

/** What a migration began with. */
export type Began = Pick<MigrationRecord, 'addonId' | 'addonName'>

/** How the source is reached, and what Heroku knows of it. */
export interface Source {
  addon: Attachment['addon']
  heroku: Heroku
  parts: ConnectionParts
  tls: Tls
  /** The same with the credential of the day. */
  renew: () => Promise<ConnectionParts>
  db: Closable
}

/**
 * The source by the name that the operator gives it, or – after the switch, when DATABASE is a plain config var – by what the journal
 * says; or another Postgres, by the environment variable that holds its URL. Every connection to the add-on goes through the bastion of
 * its space, where it needs one.
 */
export async function sourceOf(heroku: Heroku, options: Options, began: Began | undefined): Promise<Source> {
  const {app, database = 'DATABASE', sourceUrlEnv, reading = false} = options
  if (sourceUrlEnv !== undefined) return outsideSource(heroku, {...options, sourceUrlEnv}, began)
  if (began && isOutside({id: began.addonId})) {
    throw refused(
      'source_not_named',
      `the source of this migration is ${began.addonName}, which is not a Heroku add-on`,
      'name the environment variable that holds its URL with --source-url-env',
    )
  }
  const databases = await databasesOf(heroku, app)
  const addon = began
    ? await addonOf(heroku, databases, {app, id: began.addonId, name: began.addonName})
    : await addonNamed(databases, app, database)
  const [direct, bastion] = await Promise.all([ownerParts(heroku, app, addon, databases), bastionOf(heroku, addon)])
  const tunnel = bastion && tunnelThrough(bastion, async () => (await bastionOf(heroku, addon)) ?? bastion)
  const through = tunnel ? {tunnel} : {}
  const parts = {...direct, ...through}
  const renew = async () => ({...(await ownerPartsNow(heroku, app, addon)), ...through})
  const db = openDatabase('source', parts, ADDON_TLS, {renew, reading})
  const close = async () => {
    await db.close()
    tunnel?.close()
  }
  return {addon, heroku, parts, tls: ADDON_TLS, renew, db: {...db, close}}
}

/** Heroku Postgres presents certificates that no public authority signs: encryption is what it allows. */
const ADDON_TLS: Tls = {mode: 'encrypted'}

async function outsideSource(
  heroku: Heroku,
  {app, sourceUrlEnv: name, reading = false}: Options & {sourceUrlEnv: string},
  began: Began | undefined,
): Promise<Source> {
  if (began && !isOutside({id: began.addonId})) {
    throw refused(
      'other_source',
      `this migration began with the add-on ${began.addonName}, not with another Postgres`,
      'leave --source-url-env out',
    )
  }
  const value = process.env[name]
  if (!value) throw wrongUsage('no_source_url', `${name} is not set`, `export ${name}=postgres://user:password@host/db`)
  const parts = parseConnectionUrl(new Secret(value), name)
  const verified = parts.parameters.get('sslmode') === 'verify-full'
  const tls: Tls = verified ? {mode: 'verified', authorities: await authoritiesFor(parts, name)} : ADDON_TLS
  return {
    addon: {id: OUTSIDE, name: `${parts.host}:${parts.port}/${parts.database}`, plan: OUTSIDE, billingApp: app},
    heroku: withoutAddon(heroku),
    parts,
    tls,
    renew: () => Promise.resolve(parts),
    db: openDatabase('source', parts, tls, {reading}),
  }
}
