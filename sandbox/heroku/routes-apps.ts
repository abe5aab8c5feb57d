import type {App} from './app.js'
import {patchConfigVars} from './config-vars.js'
import {invalid, notFound} from './errors.js'
import {at, uuidOf} from './ids.js'
import {appJson, couplingJson, pipelineJson, prebootJson} from './json.js'
import type {Platform} from './platform.js'
import {flag, requireParams} from './routes.js'
import type {ApiRequest, Routes} from './routes.js'

/** Apps, config vars, features and spaces. */
export function addAppRoutes(routes: Routes, platform: Platform, routerUrl: string): void {
  const app = ({params}: ApiRequest) => platform.accessibleApp(params['app']!)
  const show = (shown: App) => ({body: appJson(shown, platform, routerUrl)})

  for (const path of ['/apps', '/users/~/apps']) {
    routes.on('GET', path, () => {
      return {body: platform.apps.filter((one) => platform.allows(one)).map((one) => appJson(one, platform, routerUrl))}
    })
  }
  routes.on('GET', '/apps/:app', (request) => show(app(request)))
  routes.on('PATCH', '/apps/:app', (request) => {
    const patched = app(request)
    const maintenance = flag(request.body, 'maintenance')
    if (maintenance !== undefined) patched.setMaintenance(maintenance)
    return show(patched)
  })
  routes.on('GET', '/apps/:app/pipeline-couplings', (request) => {
    const coupled = app(request)
    if (!coupled.pipeline) throw notFound('pipeline coupling')
    return {body: couplingJson(coupled, coupled.pipeline)}
  })
  routes.on('GET', '/pipelines/:pipeline', ({params}) => {
    const wanted = params['pipeline']!
    const inPipeline = platform.apps.find(
      ({pipeline}) => pipeline && [pipeline.name, uuidOf(pipeline.name)].includes(wanted),
    )
    if (!inPipeline?.pipeline || !platform.allows(inPipeline)) throw notFound('pipeline')
    return {body: pipelineJson(inPipeline, inPipeline.pipeline.name, platform)}
  })

  routes.on('GET', '/apps/:app/config-vars', (request) => ({body: app(request).configVars}))
  routes.on('PATCH', '/apps/:app/config-vars', (request) => {
    const patched = app(request)
    patchConfigVars(patched, request.body)
    return {body: patched.configVars}
  })

  routes.on('GET', '/apps/:app/features', (request) => ({body: [prebootJson(app(request))]}))
  routes.on('GET', '/apps/:app/features/:feature', (request) => ({
    body: prebootJson(withFeature(app(request), request)),
  }))
  routes.on('PATCH', '/apps/:app/features/:feature', (request) => {
    const patched = withFeature(app(request), request)
    requireParams(request.body, 'enabled')
    patched.preboot = flag(request.body, 'enabled') ?? patched.preboot
    patched.record('feature', {name: 'preboot', enabled: patched.preboot})
    return {body: prebootJson(patched)}
  })

  const inSpace = ({params}: ApiRequest) => {
    const wanted = params['space']!
    const found = platform.apps.find(({space}) => space !== null && [space, uuidOf(space)].includes(wanted))
    if (!found?.space || !platform.allows(found)) throw notFound('space')
    const times = {created_at: at(found.createdAt), updated_at: at(found.createdAt)}
    return {app: found, name: found.space, times}
  }
  routes.on('GET', '/spaces/:space', (request) => {
    const {app: one, name, times} = inSpace(request)
    const team = one.team ?? 'example-team'
    const named = (wanted: string) => ({id: uuidOf(wanted), name: wanted})
    return {
      body: {
        ...named(name),
        cidr: '10.0.0.0/16',
        data_cidr: '10.1.0.0/16',
        generation: named(one.generation),
        organization: {name: team},
        region: named(one.region),
        shield: false,
        state: 'allocated',
        team: named(team),
        ...times,
      },
    }
  })
  routes.on('GET', '/spaces/:space/nat', (request) => {
    const {app: one, times} = inSpace(request)
    const ipv6 = one.generation === 'fir' && /version=3\.fir\b/.test(request.headers.accept ?? '')
    const sources = ['203.0.113.10', '203.0.113.11', ...(ipv6 ? ['2001:db8:1f18:4a00::/56'] : [])]
    return {body: {sources, state: 'enabled', ...times}}
  })
  routes.on('GET', '/spaces/:space/peerings', (request) => {
    if (inSpace(request).app.generation === 'fir') throw invalid('VPC peering is not available for Fir spaces.')
    return {body: []}
  })
  routes.on('GET', '/spaces/:space/peering-info', (request) => {
    inSpace(request)
    return {
      body: {
        aws_account_id: '123456789012',
        aws_region: 'us-east-1',
        dyno_cidr_blocks: ['10.0.128.0/20', '10.0.144.0/20'],
        space_cidr_blocks: ['10.0.0.0/16'],
        unavailable_cidr_blocks: ['10.1.0.0/16', '172.17.0.0/16'],
        vpc_cidr: '10.0.0.0/16',
        vpc_id: 'vpc-0123456789abcdef0',
      },
    }
  })
}

function withFeature(app: App, {params}: ApiRequest): App {
  if (params['feature'] !== 'preboot') throw notFound('app feature')
  return app
}
