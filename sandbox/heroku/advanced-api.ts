import {LEADER, OWNER} from './addons.js'
import type {Addon} from './addons.js'
import type {DatabaseFigures} from './types.js'

const GB = 1024 ** 3

/** Bodies of `/data/postgres/v1/:id/…`, as the types of the stock command's `data:pg` have them. */
export function advancedInfoJson(addon: Addon, figures: DatabaseFigures) {
  return {
    addon: {id: addon.id, name: addon.name},
    app: {id: addon.app.id, name: addon.app.name},
    created_at: addon.createdAt,
    features: {
      continuous_protection: {enabled: true},
      credentials: {current_count: addon.credentials.size, enabled: true},
      data_encryption: {enabled: true},
      fork: {enabled: true},
      highly_available: {enabled: false},
      rollback: {earliest_time: addon.createdAt, enabled: true, latest_time: new Date()},
    },
    forked_from: null,
    plan_limits: [
      {name: 'connection-limit', current: figures.connections, limit: figures.connectionLimit},
      {name: 'storage-limit-in-gb', current: figures.bytes / GB, limit: 100_000},
      {name: 'table-limit', current: figures.tables, limit: 100_000},
    ],
    pools: advancedPoolsJson(addon, figures),
    quotas: quotasJson(figures),
    region: addon.app.region,
    status: addon.waitingFor ?? 'available',
    tier: 'advanced',
    version: figures.version,
  }
}

export function advancedPoolsJson(addon: Addon, figures: DatabaseFigures) {
  return [...addon.pools].map(([name, url]) => {
    const {hostname, port} = new URL(url)
    const id = `${addon.id}-${name}`
    const role = name === LEADER ? 'leader' : 'follower'
    const instance = {id: 'one', name: role, role, level: '4G-Performance', status: 'up', updated_at: addon.createdAt}
    return {
      id,
      name,
      status: 'available',
      compute_instances: [instance],
      connections_used: figures.connections,
      endpoints: [{host: hostname, port: Number(port || 5432), status: 'available'}],
      expected_connection_limit: figures.connectionLimit,
      expected_count: 1,
      expected_level: instance.level,
      metrics_sources: {cluster: null, database: null, leader: null},
      wait_status: {message: null, waiting: false},
    }
  })
}

export function quotasJson({bytes}: DatabaseFigures) {
  const none = {critical_gb: null, warning_gb: null, enforcement_action: 'none', enforcement_active: false}
  return [{type: 'storage', current_gb: bytes / GB, ...none}]
}

/** The owner is called `owner` here, not `default`. */
export function advancedCredentialsJson(addon: Addon) {
  return [...addon.credentials].map(([key, value]) => {
    const {pathname, hostname, port, username, password} = new URL(value)
    const name = key === 'default' ? OWNER : key
    const role = {user: decodeURIComponent(username), password: decodeURIComponent(password), state: 'active'}
    return {
      id: `${addon.id}:${name}`,
      name,
      type: key === 'default' ? 'owner' : 'additional',
      state: 'active',
      database: pathname.slice(1),
      host: hostname,
      port: port || '5432',
      roles: [role],
    }
  })
}

export function settingsJson() {
  return [
    {name: 'log_lock_waits', current: true, default: true, reboot_required: false},
    {name: 'log_min_duration_statement', current: 2000, default: 2000, reboot_required: false},
    {name: 'log_statement', current: 'ddl', default: 'ddl', reboot_required: false},
  ]
}
