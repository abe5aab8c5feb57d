import {type ConnectionParts, parseConnectionUrl} from '../postgres/connection-url.js'
import {openDatabase, type Tls} from '../adapters/postgres.js'
import type {MigrationRecord} from '../journal/journal.js'
import type {Options} from './options.js'
import {failed, refused} from '../ports/errors.js'
import type {Attachment, Heroku} from '../ports/ports.js'
import {Secret} from '../ports/secret.js'

/** The source by its attachment, or – after the switch, when DATABASE is a plain config var – by what the journal says. */
export async function sourceOf(
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
