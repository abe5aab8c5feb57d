import type {Addon} from './addons.js'
import {connectionsOf, storageOf} from './plans.js'
import type {DatabaseFigures} from './types.js'

const GIB = 1024 ** 3

/** What the real server says of itself where it is asked, and a quiet database elsewhere. */
export async function figuresOf({plan, database}: Addon): Promise<DatabaseFigures> {
  return {
    version: '16.4',
    bytes: 0,
    tables: 0,
    connections: 0,
    connectionLimit: connectionsOf(plan),
    waitingConnections: 0,
    ...(await database?.measure?.()),
  }
}

/** `GET /client/v11/databases/:id`: what pg:info shows, with the figures of the real server where it is asked. */
export async function databaseJson(addon: Addon, followers: Addon[]) {
  const spec = addon.database!
  const url = new URL(addon.url(null))
  const figures = await figuresOf(addon)
  return {
    addon_id: addon.id,
    name: addon.name,
    plan: addon.plan.split(':')[1],
    heroku_resource_id: addon.id,
    database_name: url.pathname.slice(1),
    database_user: decodeURIComponent(url.username),
    database_password: decodeURIComponent(url.password),
    port: Number(url.port || 5432),
    resource_url: addon.url(null),
    postgres_version: figures.version,
    created_at: addon.createdAt,
    following: spec.following ?? null,
    forked_from: null,
    leader: null,
    formation: {id: addon.id, primary: addon.id},
    num_bytes: figures.bytes,
    num_tables: figures.tables,
    num_connections: figures.connections,
    num_connections_waiting: figures.waitingConnections,
    'is_in_recovery?': spec.following !== undefined,
    'hot_standby?': spec.following !== undefined,
    'standalone?': spec.following === undefined,
    'waiting?': addon.waitingFor !== undefined,
    current_transaction: 1,
    target_transaction: null,
    credentials: addon.credentials.size,
    info: information(addon, figures, followers),
  }
}

/** Lines of `pg:info` that are about what Essential lacks. */
const NOT_OF_ESSENTIAL = ['HA Status', 'Connection Pooling', 'Credentials', 'Followers', 'Following', 'Data Encryption']

function information(addon: Addon, figures: DatabaseFigures, followers: Addon[]) {
  const {following, info = {}} = addon.database!
  const plan = addon.plan.split(':')[1] ?? ''
  const essential = addon.level === 'essential'
  const supported = essential ? 'Unsupported' : 'Available'
  const storage = storageOf(addon.plan)
  const size = figures.bytes / GIB
  const lines: Record<string, string[]> = {
    Plan: [plan.replace(/^./, (letter) => letter.toUpperCase()).replaceAll('-', ' ')],
    Status: [addon.waitingFor ?? 'Available'],
    'HA Status': ['premium', 'private', 'shield'].includes(addon.level) ? ['Available'] : [],
    'Data Size': [`${size.toFixed(2)} GB / ${storage} GB (${((size / storage) * 100).toFixed(2)}%)`],
    Tables: [String(figures.tables)],
    'PG Version': [figures.version],
    Connections: [`${figures.connections}/${figures.connectionLimit}`],
    'Connection Pooling': [addon.poolUrl ? 'Enabled' : supported],
    Credentials: [String(addon.credentials.size)],
    'Fork/Follow': [supported],
    Rollback: [essential ? 'Unsupported' : 'earliest from 4 days ago'],
    Followers: followers.map((follower) => follower.url(null)),
    Following: following ? [following] : [],
    Created: [addon.createdAt.toISOString()],
    Region: [addon.app.region],
    'Data Encryption': ['In Use'],
    'Continuous Protection': [essential ? 'Off' : 'On'],
    Maintenance: [addon.maintenance.status === 'none' ? 'not required' : addon.maintenance.status],
    'Maintenance window': addon.maintenance.window ? [addon.maintenance.window] : [],
    ...info,
  }
  const urls = ['Followers', 'Following']
  const shown = Object.entries(lines).filter(([name]) => !essential || !NOT_OF_ESSENTIAL.includes(name))
  return shown.map(([name, values]) => ({name, values, resolve_db_name: urls.includes(name)}))
}

/** `GET /data/maintenances/v1/:id` */
export function maintenanceJson(addon: Addon) {
  const {status, reason, scheduledFor, requiredBy, window} = addon.maintenance
  const attachments = addon.app.attachments.filter((attachment) => attachment.addon === addon).map(({name}) => name)
  const [kind, plan] = addon.plan.split(':')
  return {
    addon: {attachments, kind, name: addon.name, plan, uuid: addon.id, window},
    app: {name: addon.app.name, uuid: addon.app.id},
    completed_at: null,
    duration_seconds: null,
    method: status === 'none' ? 'none' : 'changeover',
    previously_scheduled_for: null,
    reason: status === 'none' ? 'none' : reason,
    required_by: requiredBy,
    scheduled_for: scheduledFor,
    server_created_at: addon.createdAt,
    started_at: null,
    status,
    window,
  }
}

/** `GET /postgres/v0/databases/:name/credentials`, one entry for each. */
export function credentialsJson(addon: Addon) {
  return [...addon.credentials].map(([name, value]) => {
    const url = new URL(value)
    const user = decodeURIComponent(url.username)
    const password = decodeURIComponent(url.password)
    return {
      uuid: `${addon.id}:${name}`,
      name,
      state: 'active',
      database: url.pathname.slice(1),
      host: url.hostname,
      port: url.port || '5432',
      credentials: [{user, password, state: 'active', connections: 0}],
    }
  })
}
