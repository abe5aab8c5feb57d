import type {App} from './app.js'
import {allSizes, dynoSizeJson, oneOffSize, requireOneTier, sizeFor, sizeNamed, sizesOf, tierOf} from './dyno-sizes.js'
import {conflict, invalid, wrongType} from './errors.js'
import {dynoJson, formationJson} from './json.js'
import type {Platform} from './platform.js'
import {reference, requireParams, text} from './routes.js'
import type {ApiRequest, Routes} from './routes.js'

const ACCEPTED = {status: 202, body: {}}

/** Formation, dynos, one-off dynos and their sizes. */
export function addDynoRoutes(routes: Routes, platform: Platform): void {
  const app = ({params}: ApiRequest) => platform.accessibleApp(params['app']!)
  const formation = (shown: App) => [...shown.formation.types.values()].map((type) => formationJson(shown, type))

  routes.on('GET', '/dyno-sizes', () => ({body: allSizes().map(dynoSizeJson)}))
  routes.on('GET', '/dyno-sizes/:size', ({params}) => ({body: dynoSizeJson(sizeNamed(params['size']!))}))
  routes.on('GET', '/apps/:app/available-dyno-sizes', (request) => ({body: sizesOf(app(request)).map(dynoSizeJson)}))

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
    const age = Date.now() - host.releases.all.at(-1)!.createdAt.getTime()
    if (age < host.settings.releaseConflictSeconds * 1000)
      throw conflict('The release was not found yet. Please try again.')
    const timeToLiveSeconds = Number(text(body, 'time_to_live') ?? 0) || undefined
    if ((timeToLiveSeconds ?? 1) > 86_400) throw invalid('time_to_live must be at most 86400.')
    const env = Object.entries({...(body['env'] as object | null)}).map(([key, value]) => [key, String(value)])
    const dyno = host.oneOff({
      type: text(body, 'type') ?? 'run',
      command,
      env: Object.fromEntries(env) as Record<string, string>,
      size: oneOffSizeFor(host, text(body, 'size')),
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

/**
 * Of the app's own tier (devcenter, one-off dynos: those of eco and basic apps have the app's size). Eco runs one
 * at a time; the words of that refusal are those of the former Free dynos.
 */
function oneOffSizeFor(app: App, wanted: string | undefined): string {
  const ofApp = oneOffSize(app.tier)
  const size = sizeFor(app, wanted ?? ofApp)
  requireOneTier([ofApp, size])
  if (app.tier === 'eco' && app.oneOffs.size > 0) throw invalid('Cannot run more than 1 Eco size dynos.')
  return size
}

/** All updates are checked before the first one happens. */
function scale(app: App, updates: Record<string, unknown>[]): void {
  const checked = updates.map((update) => {
    const type = text(update, 'type') ?? ''
    const size = text(update, 'size') ?? (update['dyno_size'] ? reference(update, 'dyno_size') : undefined)
    const quantity = app.formation.wanted(type, update['quantity'])
    return {type, quantity, size: size === undefined ? app.formation.type(type).size : sizeFor(app, size)}
  })
  const untouched = [...app.formation.types.values()].filter(({type}) => !checked.some((one) => one.type === type))
  const used = [...untouched, ...checked].filter(({quantity}) => quantity > 0)
  requireOneTier(used.map(({size}) => size))
  if (used.some(({size, quantity}) => size === 'Eco' && quantity > 1)) {
    throw invalid('Cannot update to more than 1 Eco size dynos per process type.')
  }
  for (const {type, quantity, size} of checked) app.formation.scale(type, quantity, size)
  for (const update of updates) {
    if ((update['quantity'] ?? null) !== null) app.autoscaling.endedByScale(text(update, 'type') ?? '')
  }
  alignTiers(app)
}

/** A process type without dynos follows the tier of those that have some. */
function alignTiers(app: App): void {
  const types = [...app.formation.types.values()]
  const used = types.find(({quantity}) => quantity > 0)
  if (!used) return
  for (const {type, size} of types) if (tierOf(size) !== tierOf(used.size)) app.formation.scale(type, 0, used.size)
}
