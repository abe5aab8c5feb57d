import type {App} from './app.js'
import {invalid, wrongType} from './errors.js'
import {dynoJson, formationJson} from './json.js'
import type {Platform} from './platform.js'
import {reference, requireParams, text} from './routes.js'
import type {ApiRequest, Routes} from './routes.js'

const ACCEPTED = {status: 202, body: {}}

/** Formation, dynos, one-off dynos. */
export function addDynoRoutes(routes: Routes, platform: Platform): void {
  const app = ({params}: ApiRequest) => platform.accessibleApp(params['app']!)
  const formation = (shown: App) => [...shown.formation.types.values()].map((type) => formationJson(shown, type))

  routes.on('GET', '/apps/:app/formation', (request) => ({body: formation(app(request))}))
  routes.on('PATCH', '/apps/:app/formation', (request) => {
    const scaled = app(request)
    const {updates} = request.body
    requireParams(request.body, 'updates')
    if (!Array.isArray(updates)) throw wrongType('updates', updates, 'array')
    scale(scaled, updates as Record<string, unknown>[])
    return {body: formation(scaled)}
  })
  routes.on('GET', '/apps/:app/formation/:type', (request) => {
    const shown = app(request)
    return {body: formationJson(shown, shown.formation.type(request.params['type']!))}
  })
  routes.on('PATCH', '/apps/:app/formation/:type', (request) => {
    const scaled = app(request)
    const type = request.params['type']!
    scale(scaled, [{...request.body, type}])
    return {body: formationJson(scaled, scaled.formation.type(type))}
  })

  routes.on('GET', '/apps/:app/dynos', (request) => {
    const shown = app(request)
    return {body: shown.dynos.map((dyno) => dynoJson(shown, dyno))}
  })
  routes.on('POST', '/apps/:app/dynos', (request) => {
    const host = app(request)
    const {body} = request
    requireParams(body, 'command')
    const command = text(body, 'command') ?? ''
    if (body['attach'] === true) throw invalid('The simulator has no rendezvous: start the dyno detached.')
    const timeToLiveSeconds = Number(text(body, 'time_to_live') ?? 0) || undefined
    if ((timeToLiveSeconds ?? 1) > 86_400) throw invalid('time_to_live must be at most 86400.')
    const env = Object.entries({...(body['env'] as object | null)}).map(([key, value]) => [key, String(value)])
    const dyno = host.oneOff({
      type: text(body, 'type') ?? 'run',
      command,
      env: Object.fromEntries(env) as Record<string, string>,
      size: text(body, 'size'),
      timeToLiveSeconds,
    })
    return {status: 201, body: {...dynoJson(host, dyno), state: 'starting'}}
  })
  routes.on('DELETE', '/apps/:app/dynos', (request) => {
    app(request).formation.restart(() => true)
    return ACCEPTED
  })
  routes.on('DELETE', '/apps/:app/formations/:type', (request) => {
    const {type} = request.params
    app(request).formation.restart((dyno) => dyno.type === type)
    return ACCEPTED
  })
  routes.on('GET', '/apps/:app/dynos/:dyno', (request) => {
    const shown = app(request)
    return {body: dynoJson(shown, shown.dyno(request.params['dyno']!))}
  })
  routes.on('DELETE', '/apps/:app/dynos/:dyno', (request) => {
    const host = app(request)
    const dyno = host.dyno(request.params['dyno']!)
    if (host.oneOffs.has(dyno)) void dyno.stop()
    else host.formation.restart(({name}) => name === dyno.spec.name)
    return ACCEPTED
  })

  routes.on('POST', '/apps/:app/dynos/:dyno/actions/stop', (request) => {
    void app(request).dyno(request.params['dyno']!).stop()
    return ACCEPTED
  })
  routes.on('POST', '/apps/:app/formations/:type/actions/stop', (request) => {
    const {type} = request.params
    for (const dyno of app(request).dynos.filter(({spec}) => spec.type === type)) void dyno.stop()
    return ACCEPTED
  })
}

/** All updates are checked before the first one happens. */
function scale(app: App, updates: Record<string, unknown>[]): void {
  const checked = updates.map((update) => {
    const type = text(update, 'type') ?? ''
    const size = text(update, 'size') ?? (update['dyno_size'] ? reference(update, 'dyno_size') : undefined)
    return {type, quantity: app.formation.wanted(type, update['quantity']), size}
  })
  for (const {type, quantity, size} of checked) app.formation.scale(type, quantity, size)
}
