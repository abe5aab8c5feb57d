import {failed, RdsError, refused} from '../errors.js'
import type {Attachment, Clock, Dyno, Heroku, HerokuApp, Process} from '../ports.js'
import {Secret} from '../secret.js'
import {type HerokuClient, type HerokuError, statusOf} from './heroku-client.js'
import {runOneOff} from './one-off.js'

const SDK = {Accept: 'application/vnd.heroku+json; version=3.sdk'}
const WITH_PLANS = {...SDK, 'Accept-Inclusion': 'addon:plan,config_vars'}
const ADDON_SERVICE = process.env.HEROKU_POSTGRESQL_ADDON_NAME ?? 'heroku-postgresql'

/** The Platform and Data API as the domain speaks of them. */
export function herokuOf(client: HerokuClient, clock: Clock): Heroku {
  const attachmentsOnApp = async (app: string) =>
    (await client.get<ApiAttachment[]>(`/apps/${app}/addon-attachments`, {headers: WITH_PLANS})).map(attachmentOf)
  const attachmentNamed = async (app: string, name: string) =>
    (await attachmentsOnApp(app)).find((attachment) => attachment.name === name)

  return {
    async app(name) {
      const app = await client.get<ApiApp>(`/apps/${name}`, {headers: SDK})
      return appOf(app)
    },

    async setMaintenance(app, on) {
      await client.patch(`/apps/${app}`, {maintenance: on})
    },

    async formation(app) {
      const formation = await client.get<Process[]>(`/apps/${app}/formation`)
      return formation.map(({type, quantity, size}) => ({type, quantity, size}))
    },

    async scale(app, processes) {
      await client.patch(`/apps/${app}/formation`, {updates: processes.map(({type, quantity}) => ({type, quantity}))})
    },

    async dynos(app) {
      const dynos = await client.get<ApiDyno[]>(`/apps/${app}/dynos`)
      return dynos.map(({id, name, type, state, release}) => ({id, name, type, state, release: release?.version ?? 0}))
    },

    async stopDyno(app, dyno) {
      const gone = async () => !(await client.get<ApiDyno[]>(`/apps/${app}/dynos`)).some(({id}) => id === dyno.id)
      await client.once({method: 'POST', path: `/apps/${app}/dynos/${dyno.id}/actions/stop`, body: {}}, gone)
    },

    async preboot(app) {
      const feature = await client.get<{enabled: boolean}>(`/apps/${app}/features/preboot`).catch(notThere)
      return feature?.enabled ?? false
    },

    async setPreboot(app, on) {
      await client.patch(`/apps/${app}/features/preboot`, {enabled: on})
    },

    async addons(app) {
      const addons = await client.get<{name: string; plan: {name: string}}[]>(`/apps/${app}/addons`)
      return addons.map(({name, plan}) => ({name, plan: plan.name}))
    },

    async resolveDatabase(app, database) {
      const attachments = (await attachmentsOnApp(app)).filter(({addon}) => addon.plan.startsWith(`${ADDON_SERVICE}:`))
      const wanted = database.replace(/_URL$/, '')
      const found =
        attachments.find(({name}) => name.toUpperCase() === wanted.toUpperCase()) ??
        attachments.find(({addon, namespace}) => addon.name === database && namespace === null)
      if (found) return found
      const known = attachments.map(({name}) => name)
      if (known.length === 0)
        throw refused(
          'no_heroku_postgres',
          `${app} has no Heroku Postgres database attached`,
          `heroku addons -a ${app} shows its add-ons`,
        )
      throw refused('unknown_database', `${app} has no database called ${database}`, `it has ${known.join(', ')}`)
    },

    async attachments(addonId) {
      const attachments = await client.get<ApiAttachment[]>(`/addons/${addonId}/addon-attachments`, {
        headers: WITH_PLANS,
      })
      const apps = [...new Set(attachments.map(({app}) => app.name))]
      const readings = apps.map((app) =>
        attachmentsOnApp(app).catch((error: unknown) => {
          if (!isClosed(error)) throw error
          return attachments.filter((attachment) => attachment.app.name === app).map(attachmentOf)
        }),
      )
      return (await Promise.all(readings)).flat().filter(({addon}) => addon.id === addonId)
    },

    async attach({app, name, namespace}, addonName) {
      const body = {addon: {name: addonName}, app: {name: app}, name, ...(namespace ? {namespace} : {})}
      const happened = async () => (await attachmentNamed(app, name))?.addon.name === addonName
      const request = {method: 'POST', path: '/addon-attachments', body} as const
      try {
        await client.once(request, happened)
      } catch (error) {
        if ((error as HerokuError).body?.id !== 'confirmation_required') throw error
        if (await attachmentNamed(app, name)) {
          throw failed(
            'name_taken',
            `${app} already has an attachment ${name} of another add-on`,
            `heroku addons:detach ${name} -a ${app}`,
          )
        }
        // Heroku may ask to confirm the replacement of what is no attachment, such as a config var just removed.
        await client.once({...request, body: {...body, confirm: app}}, happened)
      }
    },

    async detach({app, name}) {
      const attachment = await attachmentNamed(app, name)
      if (!attachment) return
      await client.once(
        {method: 'DELETE', path: `/addon-attachments/${attachment.id}`},
        async () => !(await attachmentNamed(app, name)),
      )
    },

    async destroyAddon({id, billingApp}) {
      const isThere = async () =>
        (await client.get<{id: string}[]>(`/apps/${billingApp}/addons`)).some((one) => one.id === id)
      if (!(await isThere())) return
      await client.once(
        {method: 'DELETE', path: `/apps/${billingApp}/addons/${id}`, body: {force: true}},
        async () => !(await isThere()),
      )
    },

    async configVars(app) {
      const vars = await client.get<Record<string, string>>(`/apps/${app}/config-vars`)
      return Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, new Secret(value)]))
    },

    async setConfigVars(app, patch) {
      const body = Object.fromEntries(Object.entries(patch).map(([name, value]) => [name, value?.reveal() ?? null]))
      await client.patch(`/apps/${app}/config-vars`, body)
    },

    async latestRelease(app) {
      const [release] = await client.get<ApiRelease[]>(`/apps/${app}/releases`, {
        headers: {...SDK, Range: 'version ..; max=1, order=desc'},
      })
      if (!release) throw failed('no_release', `${app} has never been released`)
      return {version: release.version, status: release.status, description: release.description}
    },

    async databaseInfo(addonId) {
      const {info = []} = await client.get<ApiDatabase>(`/client/v11/databases/${addonId}`, {data: true})
      return Object.fromEntries(info.map(({name, values}) => [name, values.map(String)]))
    },

    async plannedMaintenance(addonId) {
      const maintenance = await client
        .get<ApiMaintenance>(`/data/maintenances/v1/${addonId}`, {data: true})
        .catch(notThere)
      return maintenance?.scheduled_for
        ? `${maintenance.reason ?? 'maintenance'} at ${maintenance.scheduled_for}`
        : null
    },

    async network(space) {
      const [nat, peerings] = await Promise.all([
        client.get<{sources: string[]}>(`/spaces/${space}/nat`),
        client.get<{status: string}[]>(`/spaces/${space}/peerings`),
      ])
      return {addresses: nat.sources, peered: peerings.some(({status}) => status === 'active')}
    },

    async pipeline(app) {
      const coupling = await client
        .get<{stage: string; pipeline: {id: string}}>(`/apps/${app}/pipeline-couplings`)
        .catch(notThere)
      if (!coupling) return null
      const {name} = await client.get<{name: string}>(`/pipelines/${coupling.pipeline.id}`)
      return {name, stage: coupling.stage}
    },

    runOneOff: (app, command, env) => runOneOff(client, clock, app, command, env),
  }
}

interface ApiApp {
  id: string
  name: string
  maintenance: boolean
  space?: {name: string} | null
  stack?: {name: string} | null
  build_stack?: {name: string} | null
  generation?: string | {name: string} | null
  region?: {name: string} | null
  buildpack_provided_description?: string | null
}
interface ApiDyno extends Omit<Dyno, 'release'> {
  command?: string
  release?: {version: number} | null
}
interface ApiRelease {
  version: number
  status: string
  description: string
}
interface ApiDatabase {
  info?: {name: string; values: unknown[]}[]
}
interface ApiMaintenance {
  reason?: string
  scheduled_for?: string | null
}
interface ApiAttachment {
  id: string
  name: string
  namespace: string | null
  app: {name: string}
  addon: {id: string; name: string; app: {name: string}; plan?: {name: string}}
  config_vars?: string[]
}

const appOf = ({id, name, maintenance, space, stack, build_stack: built, generation, ...app}: ApiApp): HerokuApp => ({
  id,
  name,
  maintenance,
  space: space?.name ?? null,
  stack: built?.name ?? stack?.name ?? 'unknown',
  region: app.region?.name ?? 'unknown',
  language: app.buildpack_provided_description ?? null,
  generation:
    (typeof generation === 'string' ? generation : generation?.name) === 'fir' || stack?.name === 'cnb'
      ? 'fir'
      : 'cedar',
})

const attachmentOf = ({id, name, namespace, app, addon, config_vars: configVars}: ApiAttachment): Attachment => ({
  id,
  name,
  namespace: namespace ?? null,
  app: app.name,
  addon: {id: addon.id, name: addon.name, plan: addon.plan?.name ?? 'unknown', billingApp: addon.app.name},
  configVars: configVars ?? [`${name}_URL`],
})

/** Some plans and generations lack a resource: that is an answer too. */
const notThere = (error: unknown): undefined => {
  if ((error instanceof RdsError && error.code === 'not_found') || statusOf(error) === 422) return undefined
  throw error
}

/** An app that this account is told of, but may not look at. */
const isClosed = (error: unknown): boolean =>
  error instanceof RdsError && (error.code === 'forbidden' || error.code === 'not_found')
