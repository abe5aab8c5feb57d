import {allEnded} from '../flow/all-ended.js'
import {refused} from '../ports/errors.js'
import {attempt, ifKnown} from '../ports/fact.js'
import type {Attachment, Heroku} from '../ports/ports.js'
import type {Secret} from '../ports/secret.js'
import {type ConnectionParts, connectionPartsOf, parseConnectionUrl} from '../postgres/connection-url.js'
import {isOwners} from './namespaces.js'
import {urlVarOf} from './source-vars.js'

type Addon = Attachment['addon']

/** What Heroku says of an app's databases. */
export interface AppDatabases {
  attachments: Attachment[]
  /** Read, or refused. */
  config: Promise<Record<string, Secret>>
}

export async function databasesOf(heroku: Heroku, app: string): Promise<AppDatabases> {
  const config = heroku.configVars(app)
  const [attachments] = await allEnded([heroku.databases(app), config.catch(() => undefined)])
  return {attachments, config}
}

const onlyOf = ({id}: {id: string}, attachments: readonly Attachment[]): Attachment[] =>
  attachments.filter(({addon}) => addon.id === id)

const OTHER_POSTGRES = 'name a Postgres that is not a Heroku add-on with --source-url-env'

/** What is meant where the operator names no database. */
const USUAL_NAME = 'DATABASE'

/**
 * The add-on that an app means by a name: that of an attachment with any credential, that of the add-on itself or, where nothing is
 * attached under the name, the add-on to which the config var of that name leads. Where no database is named, an app's only one is meant.
 */
export async function addonNamed(databases: AppDatabases, app: string, name: string): Promise<Addon> {
  const {attachments} = databases
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

  const config = await databases.config
  const value = config[`${wanted}_URL`]
  const known = attachments.map((one) => one.name).join(', ')
  if (!value) {
    const [first, ...others] = attachments
    if (name === USUAL_NAME && others.every(({addon}) => addon.id === first!.addon.id)) return first!.addon
    throw refused('unknown_database', `${app} has no database called ${name}`, `it has ${known}`)
  }
  const leadsTo = placeOf(value)
  const meant = attachments.find((one) => leadsTo && placeOf(config[urlVarOf(one)]) === leadsTo)
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
  {attachments}: AppDatabases,
  {app, id, name}: {app: string; id: string; name: string},
): Promise<Addon> {
  const found = onlyOf({id}, attachments)[0] ?? (await heroku.attachments(id))[0]
  if (found) return found.addon
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

/** Apps that this account may not look into are passed over. */
async function ownerUrlIn(
  attachments: readonly Attachment[],
  configOf: (app: string) => Promise<Record<string, Secret>>,
): Promise<ConnectionParts | undefined> {
  for (const attachment of attachments.filter(({namespace}) => isOwners(namespace))) {
    const config = ifKnown(await attempt(() => configOf(attachment.app)))
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
  addon: Addon,
  {attachments, config}: AppDatabases,
): Promise<ConnectionParts> {
  const here = await ownerUrlIn(onlyOf(addon, attachments), () => config)
  if (here) return here
  const elsewhere = ifKnown(await attempt(() => heroku.attachments(addon.id))) ?? []
  const there = await ownerUrlIn(
    elsewhere.filter((one) => one.app !== app),
    (other) => heroku.configVars(other),
  )
  if (there) return there
  const url = await heroku.databaseUrl(addon.id)
  if (url) return parseConnectionUrl(url, `the URL of ${addon.name}`)
  throw gone(app, addon.name)
}

/** The same once more, for the credential of the day. */
export const ownerPartsNow = async (heroku: Heroku, app: string, addon: Addon): Promise<ConnectionParts> =>
  ownerParts(heroku, app, addon, await databasesOf(heroku, app))
