import {advancedCredentialsJson, advancedInfoJson, advancedPoolsJson, quotasJson, settingsJson} from './advanced-api.js'
import type {Addon} from './addons.js'
import {figuresOf} from './data-api.js'
import {notFound} from './errors.js'
import type {Platform} from './platform.js'
import type {ApiRequest, Routes} from './routes.js'

const PATH = '/data/postgres/v1/:addon'

/** The part of the Data API that Postgres Advanced has in place of the classic paths; 404 for the other plans. */
export function addAdvancedRoutes(routes: Routes, platform: Platform): void {
  const database = ({params}: ApiRequest): Addon => {
    const addon = platform.accessibleAddon(params['addon']!)
    if (!addon.advanced) throw notFound('database')
    return addon
  }
  const list = (path: string, items: (addon: Addon) => unknown[] | Promise<unknown[]>) =>
    routes.on('GET', `${PATH}/${path}`, async (request) => ({body: {items: await items(database(request))}}))

  routes.on('GET', `${PATH}/info`, async (request) => {
    const addon = database(request)
    return {body: advancedInfoJson(addon, await figuresOf(addon))}
  })
  routes.on('GET', `${PATH}/wait_status`, (request) => {
    const {waitingFor} = database(request)
    return {body: {message: waitingFor ?? null, waiting: waitingFor !== undefined}}
  })
  list('credentials', advancedCredentialsJson)
  routes.on('GET', `${PATH}/credentials/:name`, (request) => {
    const found = advancedCredentialsJson(database(request)).find(({name}) => name === request.params['name'])
    if (!found) throw notFound('credential')
    return {body: found}
  })
  list('settings', settingsJson)
  list('pools', async (addon) => advancedPoolsJson(addon, await figuresOf(addon)))
  list('quotas', async (addon) => quotasJson(await figuresOf(addon)))
}
