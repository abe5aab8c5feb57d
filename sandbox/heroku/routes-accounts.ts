import type {Account} from './accounts.js'
import type {App} from './app.js'
import {ApiError, notFound, twoFactor, wrongType} from './errors.js'
import {
  accountJson,
  authorizationJson,
  collaboratorJson,
  collaboratorsJson,
  memberJson,
  permissionsJson,
  teamAppJson,
} from './json-accounts.js'
import type {Platform} from './platform.js'
import {needOf, RIGHTS} from './rights.js'
import type {Right} from './rights.js'
import {flag, requireParams, text} from './routes.js'
import type {ApiRequest, Routes} from './routes.js'

/** Rights of a member who joins an unlocked app of their team. */
const JOINED: readonly Right[] = ['view', 'deploy', 'operate']

/** Who is calling, who else has access to what, and a team's apps. */
export function addAccountRoutes(routes: Routes, platform: Platform, routerUrl: string): void {
  const {access} = platform
  const app = ({params}: ApiRequest) => platform.accessibleApp(params['app']!)
  const teamApp = (request: ApiRequest): App => {
    const found = app(request)
    if (found.team === null) throw notFound('app')
    return found
  }
  const account = (wanted: string): Account => {
    const found = access.accounts.find(wanted)
    if (!found) throw notFound('user')
    return found
  }
  const collaborator = (request: ApiRequest): Account => {
    const found = access.accounts.find(request.params['user']!)
    if (!found || !access.collaborators(app(request)).includes(found)) throw notFound('collaborator')
    return found
  }
  const show = (of: App, one: Account) => ({body: collaboratorJson(of, one, platform)})

  routes.on('GET', '/account', () => ({body: accountJson(access.caller)}))
  routes.on('GET', '/account/rate-limits', () => ({body: {remaining: access.caller.limit.remaining}}))
  routes.on('GET', '/oauth/authorizations', () => ({body: [authorizationJson(access.caller)]}))
  routes.on('PUT', '/apps/:app/pre-authorizations', (request) => {
    const {id, name} = app(request)
    if (!request.headers['heroku-two-factor-code']) throw twoFactor({id, name})
    access.caller.preauthorized.add(id)
    return {body: {}}
  })

  routes.on('GET', '/apps/:app/collaborators', (request) => ({body: collaboratorsJson(app(request), platform)}))
  routes.on('GET', '/teams/permissions', () => ({body: permissionsJson(new Set(RIGHTS))}))
  routes.on('GET', '/teams/:team/members', ({params}) => {
    const team = params['team']!
    const {caller} = access
    if (caller !== access.operator && !caller.teams[team]) {
      throw new ApiError(403, 'forbidden', `You do not have access to the team ${team}.`)
    }
    const members = access.accounts.all.flatMap((one) => (one.teams[team] ? [memberJson(one, one.teams[team])] : []))
    return {body: members}
  })

  routes.on('GET', '/teams/apps/:app', (request) => ({body: teamAppJson(teamApp(request), platform, routerUrl)}))
  routes.on('PATCH', '/teams/apps/:app', (request) => {
    const patched = teamApp(request)
    patched.locked = flag(request.body, 'locked') ?? patched.locked
    return {body: teamAppJson(patched, platform, routerUrl)}
  })
  routes.on('GET', '/teams/apps/:app/collaborators', (request) => ({
    body: collaboratorsJson(teamApp(request), platform),
  }))
  routes.on('GET', '/teams/apps/:app/collaborators/:user', (request) => show(teamApp(request), collaborator(request)))
  routes.on('POST', '/teams/apps/:app/collaborators', (request) => {
    const joined = teamApp(request)
    requireParams(request.body, 'user')
    const added = account(text(request.body, 'user') ?? '')
    const permissions = rightsIn(request.body)
    if (added !== access.caller || permissions) access.require(joined, needOf('PATCH', '/teams/apps/:app'))
    access.give(joined, added, permissions ?? JOINED)
    return {status: 201, ...show(joined, added)}
  })
  routes.on('PATCH', '/teams/apps/:app/collaborators/:user', (request) => {
    const of = teamApp(request)
    requireParams(request.body, 'permissions')
    const changed = collaborator(request)
    access.give(of, changed, rightsIn(request.body))
    return show(of, changed)
  })
  routes.on('DELETE', '/teams/apps/:app/collaborators/:user', (request) => {
    const of = teamApp(request)
    const removed = collaborator(request)
    const answer = show(of, removed)
    access.give(of, removed, undefined)
    return answer
  })
}

function rightsIn({permissions}: Record<string, unknown>): Right[] | undefined {
  if (permissions === undefined) return undefined
  if (!Array.isArray(permissions)) throw wrongType('permissions', permissions, 'array')
  return RIGHTS.filter((right) => permissions.includes(right))
}
