import {failed} from '../ports/errors.js'
import type {Clock, Dyno, Heroku, HerokuApp, HerokuUnderLock, Process} from '../ports/ports.js'
import {Secret} from '../ports/secret.js'
import {accountOf} from './heroku-account.js'
import {attachmentsOf} from './heroku-attachments.js'
import {databasesOf} from './heroku-data.js'
import {type HerokuClient, SDK} from './heroku-client.js'
import {notThere} from './heroku-errors.js'
import {runOneOff} from './one-off.js'

/** The one process type that Heroku scales by itself. */
const SCALED = 'web'

/** With it a Fir space tells its IPv6 addresses too. */
const FIR = {Accept: 'application/vnd.heroku+json; version=3.fir'}

/** The Platform and Data API as the domain speaks of them. */
export const herokuOf = (client: HerokuClient, clock: Clock): Heroku => allOf(client, clock)

/** With what changes something, which its type keeps for those under lock. */
function allOf(client: HerokuClient, clock: Clock): HerokuUnderLock {
  return {
    ...attachmentsOf(client),
    ...databasesOf(client),
    ...accountOf(client),

    under: (signal, how) => allOf(client.asking({signal, ...how}), clock),
    underLock: (signal, guard) => allOf(client.asking({signal, guard}), clock),

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

    async autoscalers(appId) {
      const monitors = await client
        .get<ApiMonitor[]>(`/apps/${appId}/formation/${SCALED}/monitors`, {host: 'metrics'})
        .catch(notThere)
      return (monitors ?? [])
        .filter((monitor) => monitor.is_active && monitor.action_type === 'scale')
        .map((monitor) => ({type: SCALED, min: monitor.min_quantity, max: monitor.max_quantity, monitor}))
    },

    async startAutoscaler(appId, {type, monitor}) {
      const {id: which, ...settings} = monitor
      const body = {...settings, is_active: true}
      await client.patch(`/apps/${appId}/formation/${type}/monitors/${which}`, body, {host: 'metrics'})
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
      const addons = await client.get<ApiAddon[]>(`/apps/${app}/addons`)
      return addons.map(({name, plan, config_vars: configVars = []}) => ({name, plan: plan.name, configVars}))
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
      return secretsOf(await client.get<Record<string, string>>(`/apps/${app}/config-vars`))
    },

    async releaseConfigVars(app, version) {
      return secretsOf(await client.get<Record<string, string>>(`/apps/${app}/releases/${version}/config-vars`))
    },

    async setConfigVars(app, patch) {
      const body = Object.fromEntries(Object.entries(patch).map(([name, value]) => [name, value?.reveal() ?? null]))
      return secretsOf(await client.patch<Record<string, string>>(`/apps/${app}/config-vars`, body))
    },

    async latestRelease(app) {
      const [release] = await client.get<ApiRelease[]>(`/apps/${app}/releases`, {
        headers: {...SDK, Range: 'version ..; max=1, order=desc'},
        partial: true,
      })
      if (!release) throw failed('no_release', `${app} has never been released`)
      return {version: release.version, status: release.status, description: release.description}
    },

    async network(space) {
      const [nat, peerings] = await Promise.all([
        client.get<{sources: string[]}>(`/spaces/${space}/nat`, {headers: FIR}),
        client.get<{status: string}[]>(`/spaces/${space}/peerings`).catch(notThere),
      ])
      return {addresses: nat.sources, peered: (peerings ?? []).some(({status}) => status === 'active')}
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

const secretsOf = (vars: Record<string, string>): Record<string, Secret> =>
  Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, new Secret(value)]))

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
interface ApiAddon {
  name: string
  plan: {name: string}
  config_vars?: string[]
}
interface ApiMonitor extends Record<string, unknown> {
  id: string
  action_type: string
  is_active: boolean
  min_quantity: number
  max_quantity: number
}
interface ApiRelease {
  version: number
  status: string
  description: string
}
const appOf = ({id, name, maintenance, space, stack, build_stack: built, generation, ...app}: ApiApp): HerokuApp => ({
  id,
  name,
  maintenance,
  space: space?.name ?? null,
  stack: stack?.name ?? built?.name ?? 'unknown',
  region: app.region?.name ?? 'unknown',
  language: app.buildpack_provided_description ?? null,
  generation:
    (typeof generation === 'string' ? generation : generation?.name) === 'fir' || stack?.name === 'cnb'
      ? 'fir'
      : 'cedar',
})
