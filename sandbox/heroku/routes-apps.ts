import type {App} from './app.js'
import {patchConfigVars} from './config-vars.js'
import {notFound} from './errors.js'
import {accountJson, appJson} from './json.js'
import type {Platform} from './platform.js'
import type {RateLimit} from './rate-limit.js'
import type {ApiRequest, Routes} from './routes.js'

/** Account, apps, config vars, features and spaces. */
export function addAppRoutes(routes: Routes, platform: Platform, rateLimit: RateLimit, routerUrl: string): void {
  const app = ({params}: ApiRequest) => platform.accessibleApp(params['app']!)
  const show = (shown: App) => ({body: appJson(shown, routerUrl)})

  routes.on('GET', '/account', () => ({body: accountJson(platform)}))
  routes.on('GET', '/account/rate-limits', () => ({body: {remaining: rateLimit.remaining}}))

  for (const path of ['/apps', '/users/~/apps']) {
    routes.on('GET', path, () => {
      return {body: platform.apps.filter((one) => platform.allows(one)).map((one) => appJson(one, routerUrl))}
    })
  }
  routes.on('GET', '/apps/:app', (request) => show(app(request)))
  routes.on('PATCH', '/apps/:app', (request) => {
    const patched = app(request)
    const {maintenance} = request.body
    if (typeof maintenance === 'boolean') patched.setMaintenance(maintenance)
    return show(patched)
  })
  routes.on('GET', '/apps/:app/collaborators', (request) => {
    const {owner, createdAt} = app(request)
    const user = {id: platform.user.id, email: owner}
    return {body: [{id: platform.user.id, role: 'owner', user, created_at: createdAt, updated_at: createdAt}]}
  })
  routes.on('GET', '/apps/:app/pipeline-couplings', (request) => {
    const {id, pipeline} = app(request)
    if (!pipeline) throw notFound('pipeline coupling')
    return {body: {id: `${id}-coupling`, app: {id}, stage: pipeline.stage, pipeline: {id: pipeline.name}}}
  })
  routes.on('GET', '/pipelines/:pipeline', ({params}) => {
    const name = params['pipeline']!
    if (!platform.apps.some((one) => one.pipeline?.name === name && platform.allows(one))) throw notFound('pipeline')
    return {body: {id: name, name}}
  })

  routes.on('GET', '/apps/:app/config-vars', (request) => ({body: app(request).configVars}))
  routes.on('PATCH', '/apps/:app/config-vars', (request) => {
    const patched = app(request)
    patchConfigVars(patched, request.body)
    return {body: patched.configVars}
  })

  routes.on('GET', '/apps/:app/features', (request) => ({body: [preboot(app(request))]}))
  routes.on('GET', '/apps/:app/features/:feature', (request) => ({body: feature(app(request), request)}))
  routes.on('PATCH', '/apps/:app/features/:feature', (request) => {
    const patched = app(request)
    feature(patched, request)
    patched.preboot = request.body['enabled'] === true
    patched.record('feature', {name: 'preboot', enabled: patched.preboot})
    return {body: preboot(patched)}
  })

  const space = ({params}: ApiRequest) => {
    const name = params['space']!
    const region = platform.apps.find((one) => one.space === name && platform.allows(one))?.region
    if (region === undefined) throw notFound('space')
    return {id: name, name, region: {id: region, name: region}, shield: false, state: 'allocated'}
  }
  routes.on('GET', '/spaces/:space', (request) => ({body: space(request)}))
  routes.on('GET', '/spaces/:space/nat', (request) => {
    const {name} = space(request)
    return {body: {sources: ['203.0.113.10', '203.0.113.11'], state: 'enabled', space: name}}
  })
  routes.on('GET', '/spaces/:space/peerings', (request) => {
    space(request)
    return {body: []}
  })
  routes.on('GET', '/spaces/:space/peering-info', (request) => {
    space(request)
    return {body: {aws_account_id: '123456789012', vpc_id: 'vpc-0123456789abcdef0', vpc_cidr: '10.0.0.0/16'}}
  })
}

function feature(app: App, {params}: ApiRequest) {
  if (params['feature'] !== 'preboot') throw notFound('app feature')
  return preboot(app)
}

function preboot(app: App) {
  return {
    id: `${app.id}-preboot`,
    name: 'preboot',
    enabled: app.preboot,
    state: 'general',
    description: 'Provide seamless web dyno deploys',
    doc_url: 'https://devcenter.heroku.com/articles/preboot',
    display_name: 'Preboot',
    created_at: app.createdAt,
    updated_at: app.createdAt,
  }
}
