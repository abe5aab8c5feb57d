import type {Attachment, Heroku} from '../../ports.js'
import type {Secret} from '../../secret.js'
import type {AppFacts} from '../assessment.js'
import {attempt} from '../fact.js'

/** What betrays a copy of the source's URL. */
export interface SourceAddress {
  host: string
  database: string
  password: Secret
}

/** Every app the account can see that is attached to the database, the app itself first. */
export async function appFacts(
  heroku: Heroku,
  app: string,
  addonId: string,
  address: SourceAddress,
): Promise<AppFacts[]> {
  const attachments = await heroku.attachments(addonId)
  const names = [app, ...new Set(attachments.map((attachment) => attachment.app).filter((name) => name !== app))]
  return Promise.all(names.map((name) => factsOfApp(heroku, name, attachments, address)))
}

async function factsOfApp(
  heroku: Heroku,
  name: string,
  attachments: readonly Attachment[],
  address: SourceAddress,
): Promise<AppFacts> {
  const own = attachments.filter((attachment) => attachment.app === name)
  const app = heroku.app(name)
  const [facts, formation, preboot, addons, release, dynos, copiesOfUrl, network, pipeline] = await Promise.all([
    app,
    heroku.formation(name),
    heroku.preboot(name),
    heroku.addons(name),
    heroku.latestRelease(name),
    heroku.dynos(name),
    attempt(async () => copiesIn(await heroku.configVars(name), own, address)),
    attempt(async () => {
      const {space} = await app
      return space === null ? null : heroku.network(space)
    }),
    attempt(() => heroku.pipeline(name)),
  ])
  const types = new Set(formation.map(({type}) => type))
  return {
    ...facts,
    formation,
    preboot,
    addons,
    release: release.version,
    attachments: own,
    oneOffs: dynos.filter(({type}) => !types.has(type)).map((dyno) => dyno.name),
    copiesOfUrl,
    network,
    pipeline,
  }
}

/** Config vars, besides those of the attachments, in which the source's password or its database on its host stands. */
function copiesIn(
  config: Record<string, Secret>,
  attachments: readonly Attachment[],
  {host, database, password}: SourceAddress,
): string[] {
  const own = new Set(attachments.flatMap(({configVars}) => configVars))
  const secret = password.reveal()
  const forms = [secret, encodeURIComponent(secret)]
  return Object.entries(config)
    .filter(([name]) => !own.has(name))
    .filter(([, value]) => {
      const text = value.reveal()
      return forms.some((form) => text.includes(form)) || (text.includes(host) && text.includes(database))
    })
    .map(([name]) => name)
    .sort()
}
