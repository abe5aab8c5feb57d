import type {App} from './app.js'
import type {Monitor} from './autoscaling.js'
import {notFound} from './errors.js'
import type {Platform} from './platform.js'
import type {ApiRequest, Routes} from './routes.js'

const PATH = '/apps/:app/formation/:type/monitors'

/**
 * The metrics API, as far as autoscaling needs it. The stock command has the host api.metrics.heroku.com built in and
 * cannot be pointed elsewhere; Heroku's SDK takes a base URL from HEROKU_METRICS_HOST, which leads here.
 */
export function addMetricsRoutes(routes: Routes, platform: Platform): void {
  /** By id only: it does not know names (heroku/heroku-ps, ps:scale). */
  const app = ({params}: ApiRequest): App => {
    const found = platform.accessibleApp(params['app']!)
    if (found.id !== params['app']) throw notFound('app')
    return found
  }

  routes.on('GET', PATH, (request) => ({body: app(request).autoscaling.list(request.params['type']!)}))
  routes.on('POST', PATH, (request) => {
    const {id} = app(request).autoscaling.create(request.params['type']!, fields(request))
    return {status: 201, body: {id}}
  })
  routes.on('PATCH', `${PATH}/:monitor`, (request) => {
    app(request).autoscaling.update(request.params['type']!, request.params['monitor']!, fields(request))
    return {status: 202, body: {}}
  })
}

const FIELDS = [
  'name',
  'action_type',
  'is_active',
  'op',
  'period',
  'notification_period',
  'notification_channels',
  'max_quantity',
  'min_quantity',
  'value',
]

function fields({body}: ApiRequest): Partial<Monitor> {
  return Object.fromEntries(Object.entries(body).filter(([key]) => FIELDS.includes(key)))
}
