import type {DatabaseInfo, Heroku} from '../ports/ports.js'
import {Secret} from '../ports/secret.js'
import {type HerokuClient} from './heroku-client.js'
import {notThere} from './heroku-errors.js'

type Databases = Pick<Heroku, 'bastion' | 'databaseInfo' | 'databaseUrl' | 'plannedMaintenance'>

/** The owner's role on Advanced plans, which the others call the default credential. */
const OWNER = 'owner'

/** What the Data API tells of a database; Advanced plans have paths of their own (the CLI's data:pg commands). */
export function databasesOf(client: HerokuClient): Databases {
  const classic = (addonId: string) =>
    client.get<Classic>(`/client/v11/databases/${addonId}`, {host: 'data'}).catch(notThere)
  const advanced = <T>(addonId: string, what: string) =>
    client.get<T>(`/data/postgres/v1/${addonId}/${what}`, {host: 'data'})

  return {
    async databaseUrl(addonId) {
      const database = await classic(addonId)
      if (database) return database.resource_url ? new Secret(database.resource_url) : undefined
      const owner = await advanced<Credential>(addonId, `credentials/${OWNER}`).catch(notThere)
      const role = owner?.roles.find(({state}) => state === 'active')
      if (!owner || !role) return undefined
      const login = [role.user, role.password].map(encodeURIComponent).join(':')
      return new Secret(`postgres://${login}@${owner.host}:${owner.port}/${encodeURIComponent(owner.database)}`)
    },

    async bastion(addonId) {
      const {host, private_key: key} =
        (await client.get<Bastion>(`/client/v11/databases/${addonId}/bastion`, {host: 'data'}).catch(notThere)) ?? {}
      return host && key ? {host, privateKey: new Secret(key)} : undefined
    },

    async databaseInfo(addonId) {
      const database = await classic(addonId)
      if (!database) return infoOf(await advanced<Advanced>(addonId, 'info'))
      return Object.fromEntries((database.info ?? []).map(({name, values}) => [name, values.map(String)]))
    },

    async plannedMaintenance(addonId) {
      const maintenance = await client
        .get<Maintenance>(`/data/maintenances/v1/${addonId}`, {host: 'data'})
        .catch(notThere)
      return maintenance?.scheduled_for
        ? `${maintenance.reason ?? 'maintenance'} at ${maintenance.scheduled_for}`
        : null
    },
  }
}

interface Classic {
  resource_url?: string | null
  info?: {name: string; values: unknown[]}[]
}
interface Advanced {
  status?: string
  version?: string
  features?: {highly_available?: {enabled?: boolean}}
  plan_limits?: {name: string; current: number; limit: number}[]
  pools?: {name: string}[]
}
interface Credential {
  host: string
  port: string
  database: string
  roles: {user: string; password: string; state: string}[]
}
interface Bastion {
  host?: string
  private_key?: string
}
interface Maintenance {
  reason?: string
  scheduled_for?: string | null
}

/** Under the names that the other plans use; follower pools are no databases of their own. */
function infoOf({status, version, features, plan_limits: limits = [], pools = []}: Advanced): DatabaseInfo {
  const connections = limits.find(({name}) => name === 'connection-limit')
  return {
    ...(status ? {Status: [status.replace(/^./, (letter) => letter.toUpperCase())]} : {}),
    ...(version ? {'PG Version': [version]} : {}),
    ...(connections ? {Connections: [`${connections.current}/${connections.limit}`]} : {}),
    ...(features?.highly_available?.enabled ? {'HA Status': ['Available']} : {}),
    'Follower Pools': pools.map(({name}) => name).filter((name) => name !== 'leader'),
  }
}
