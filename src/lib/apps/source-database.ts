import {refused} from '../ports/errors.js'
import {attempt, ifKnown} from '../ports/fact.js'
import type {Attachment, Heroku} from '../ports/ports.js'
import type {Secret} from '../ports/secret.js'
import {type ConnectionParts, connectionPartsOf, parseConnectionUrl} from '../postgres/connection-url.js'
import {urlVarOf} from './source-vars.js'

type Addon = Attachment['addon']

const OTHER_POSTGRES = 'name a Postgres that is not a Heroku add-on with --source-url-env'

/** What is meant where the operator names no database. */
const USUAL_NAME = 'DATABASE'

/**
 * The add-on that an app means by a name: that of an attachment with any credential, that of the add-on itself or, where nothing is
 * attached under the name, the add-on to which the config var of that name leads. Where no database is named, an app's only one is meant.
 */
export async function addonNamed(heroku: Heroku, app: string, name: string): Promise<Addon> {
  const attachments = await heroku.databases(app)
  if (attachments.length === 0) {
    throw refused(
      'no_heroku_postgres',
      `${app} has no Heroku Postgres database attached`,
      `heroku addons -a ${app} shows its add-ons`,
      OTHER_POSTGRES,
    )
  }
  const wanted = name.replace(/_URL$/, '').toUpperCase()
  const found = attachments.find((one) => one.name.toUpperCase() === wanted || one.addon.name === name)
  if (found) return found.addon

  const config = await heroku.configVars(app)
  const value = config[`${wanted}_URL`]
  const known = attachments.map((one) => one.name).join(', ')
  if (!value) {
    const [first, ...others] = attachments
    if (name === USUAL_NAME && others.every(({addon}) => addon.id === first!.addon.id)) return first!.addon
    throw refused('unknown_database', `${app} has no database called ${name}`, `it has ${known}`)
  }
  const leadsTo = placeOf(value)
  const meant = attachments.find(({configVars: [var_ = '']}) => leadsTo && placeOf(config[var_]) === leadsTo)
  if (meant) return meant.addon
  throw refused(
    'unknown_database',
    `${wanted}_URL of ${app} leads to ${leadsTo ?? 'no Postgres'}, which is none of its add-ons`,
    `name the database to move: ${known}`,
    OTHER_POSTGRES,
  )
}

/** The add-on that a migration began with, by any attachment that it has now. */
export async function addonOf(
  heroku: Heroku,
  {app, id, name}: {app: string; id: string; name: string},
): Promise<Addon> {
  const here = (await heroku.databases(app)).find((one) => one.addon.id === id)
  const attachment = here ?? (await heroku.attachments(id))[0]
  if (attachment) return attachment.addon
  throw gone(app, name)
}

const gone = (app: string, addon: string) =>
  refused(
    'source_gone',
    `${addon} is attached to no app of this account with its default credential`,
    `heroku addons:attach ${addon} -a ${app}`,
  )

const placeOf = (value: Secret | undefined): string | undefined => {
  const parts = value && connectionPartsOf(value)
  return parts && `${parts.host}/${parts.database}`
}

/** The owner's, and not through a pool: Advanced plans say `role:owner|pool:leader|proxy:false`, or leave parts of it out. */
export function isOwners(namespace: string | null): boolean {
  if (namespace === null) return true
  const parts = new Map(namespace.split('|').map((part) => part.split(':') as [string, string]))
  const known = [...parts.keys()].every((part) => ['pool', 'proxy', 'role'].includes(part))
  const usual = {role: 'owner', pool: 'leader', proxy: 'false'}
  return known && Object.entries(usual).every(([part, value]) => (parts.get(part) ?? value) === value)
}

/** Apps that this account may not look into are passed over. */
async function ownerUrlIn(heroku: Heroku, attachments: readonly Attachment[]): Promise<ConnectionParts | undefined> {
  for (const attachment of attachments.filter(({namespace}) => isOwners(namespace))) {
    const config = ifKnown(await attempt(() => heroku.configVars(attachment.app)))
    const name = urlVarOf(attachment)
    if (config?.[name]) return parseConnectionUrl(config[name], `${name} of ${attachment.app}`)
  }
  return undefined
}

/**
 * How the owner of a database connects to it: by the default credential, directly. On the app itself it may be attached with another
 * credential only, or through the pooler; then it is asked of the other apps that have it, and last of the Data API.
 */
export async function ownerParts(
  heroku: Heroku,
  app: string,
  addon: Pick<Addon, 'id' | 'name'>,
): Promise<ConnectionParts> {
  const onApp = (await heroku.databases(app)).filter((one) => one.addon.id === addon.id)
  const here = await ownerUrlIn(heroku, onApp)
  if (here) return here
  const elsewhere = ifKnown(await attempt(() => heroku.attachments(addon.id))) ?? []
  const there = await ownerUrlIn(
    heroku,
    elsewhere.filter((one) => one.app !== app),
  )
  if (there) return there
  const url = await heroku.databaseUrl(addon.id)
  if (url) return parseConnectionUrl(url, `the URL of ${addon.name}`)
  throw gone(app, addon.name)
}
