import type {Addon} from './addons.js'
import {attach} from './attachments.js'
import {credentialsJson, databaseJson, maintenanceJson} from './data-api.js'
import {notFound} from './errors.js'
import type {Platform} from './platform.js'
import {text} from './routes.js'
import type {ApiRequest, Routes} from './routes.js'

/** The classic part of the Data API (api.data.heroku.com), which the CLI reaches on the same port here. */
export function addDataRoutes(routes: Routes, platform: Platform): void {
  const database = ({params}: ApiRequest): Addon => {
    const addon = platform.accessibleAddon(params['addon']!)
    if (!addon.database) throw notFound('database')
    return addon
  }
  const classic = (request: ApiRequest): Addon => {
    const addon = database(request)
    if (addon.advanced) throw notFound('database')
    return addon
  }
  const followers = (addon: Addon) => platform.addons.filter((one) => one.database?.following === addon.url(null))

  routes.on('GET', '/client/v11/databases/:addon', async (request) => {
    const addon = classic(request)
    return {body: await databaseJson(addon, followers(addon))}
  })
  routes.on('GET', '/client/v11/databases/:addon/wait_status', (request) => {
    const {waitingFor} = classic(request)
    return {body: {message: waitingFor ?? 'available', 'waiting?': waitingFor !== undefined, 'error?': false}}
  })
  routes.on('POST', '/client/v11/databases/:addon/connection_reset', async (request) => {
    await classic(request).database?.resetConnections?.()
    return {body: {}}
  })
  routes.on('GET', '/client/v11/databases/:addon/links', (request) => {
    classic(request)
    return {body: []}
  })
  routes.on('GET', '/client/v11/databases/:addon/bastion', (request) => {
    const {level, bastion} = classic(request)
    const shown = level === 'private' ? bastion : undefined
    return {body: shown ? {host: shown.host, private_key: shown.privateKey} : {}}
  })
  routes.on('POST', '/client/v11/databases/:addon/connection-pooling', (request) => {
    const {body} = request
    const addon = classic(request)
    const app = platform.accessibleApp(text(body, 'app') ?? '')
    const namespace = `connection-pooling:${text(body, 'credential') ?? 'default'}`
    return {body: {name: attach(platform, {app, addon, name: text(body, 'name'), namespace}).name}}
  })
  routes.on('GET', '/client/v11/apps/:app/transfers', ({params}) => {
    platform.accessibleApp(params['app']!)
    return {body: []}
  })
  routes.on('GET', '/postgres/v0/databases/:addon/credentials', (request) => ({
    body: credentialsJson(classic(request)),
  }))

  routes.on('GET', '/data/maintenances/v1/:addon', (request) => ({body: maintenanceJson(database(request))}))
  routes.on('GET', '/data/maintenances/v1/:addon/window', (request) => {
    return {body: {window: database(request).maintenance.window}}
  })
  routes.on('GET', '/data/maintenances/v1/apps/:app', ({params}) => {
    const app = platform.accessibleApp(params['app']!)
    const databases = platform.addons.filter((addon) => addon.app === app && addon.database)
    return {body: {maintenances: databases.map(maintenanceJson)}}
  })
}
