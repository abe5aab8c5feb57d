import {openDatabase, type Tls} from '../adapters/postgres.js'
import {addonNamed, addonOf, ownerParts} from '../apps/source-database.js'
import type {MigrationRecord} from '../journal/journal.js'
import type {Heroku} from '../ports/ports.js'
import type {Options} from './options.js'

/** The source by the name that the operator gives it, or – after the switch, when DATABASE is a plain config var – by what the journal says. */
export async function sourceOf(
  heroku: Heroku,
  {app, database = 'DATABASE', reading = false}: Options,
  record: MigrationRecord | undefined,
) {
  const addon = record
    ? await addonOf(heroku, {app, id: record.addonId, name: record.addonName})
    : await addonNamed(heroku, app, database)
  const renew = () => ownerParts(heroku, app, addon)
  const parts = await renew()
  return {addon, parts, renew, db: openDatabase('source', parts, SOURCE_TLS, {renew, reading})}
}

/** Heroku Postgres presents certificates that no public authority signs: encryption is what it allows. */
export const SOURCE_TLS: Tls = {mode: 'encrypted'}
