import type {Account} from './accounts.js'
import type {App} from './app.js'
import {at, uuidOf} from './ids.js'
import {appJson, ownerOf} from './json.js'
import type {Platform} from './platform.js'
import {RIGHTS} from './rights.js'
import type {Right} from './rights.js'

const COMPANY = 'example-company'

const DESCRIPTIONS: Record<Right, string> = {
  deploy: 'Deploy code, edit config vars, run one-off dynos',
  manage: 'Manage access to the app, its lock and its ownership',
  operate: 'Scale dynos, turn maintenance mode on and off, manage add-ons',
  view: 'View the app and its activity',
}

/** `GET /account`. An account that logs in by SSO is `federated`; when its token ends stands with the authorization only. */
export function accountJson({id, email, name, sso, createdAt}: Account) {
  const owner = {id: uuidOf(COMPANY), name: COMPANY, type: 'team'}
  return {
    id,
    email,
    allow_tracking: false,
    beta: false,
    country_of_residence: 'United States',
    created_at: at(createdAt),
    default_organization: null,
    default_team: null,
    delinquent_at: null,
    federated: sso,
    identity_provider: sso
      ? {
          id: uuidOf(`identity provider of ${COMPANY}`),
          name: COMPANY,
          organization: {name: COMPANY},
          owner,
          team: {name: COMPANY},
        }
      : null,
    last_login: at(createdAt),
    name,
    sms_number: null,
    suspended_at: null,
    two_factor_authentication: false,
    updated_at: at(createdAt),
    verified: true,
  }
}

/** `GET /oauth/authorizations`, an entry: `expires_in` are the seconds left, as heroku auth:token reads them. */
export function authorizationJson({id, authorizationId, email, name, sso, token, expiresIn, createdAt}: Account) {
  return {
    id: authorizationId,
    access_token: {id: uuidOf(token), expires_in: expiresIn, token},
    client: null,
    created_at: at(createdAt),
    description: 'Heroku CLI login',
    grant: null,
    refresh_token: null,
    scope: ['global'],
    session: sso ? {id: uuidOf(`session of ${id}`)} : null,
    updated_at: at(createdAt),
    user: {id, email, full_name: name},
  }
}

export const permissionsJson = (rights: ReadonlySet<Right>) =>
  RIGHTS.filter((right) => rights.has(right)).map((name) => ({name, description: DESCRIPTIONS[name]}))

/** Everyone with access to the app of their own: its owner first. */
export function collaboratorsJson(app: App, platform: Platform) {
  const owner = ownerOf(app, platform)
  const others = platform.access.collaborators(app).filter(({email}) => email !== owner.email)
  return [
    entry(app, {...owner, federated: false}, 'owner', new Set(RIGHTS)),
    ...others.map((account) => collaboratorJson(app, account, platform)),
  ]
}

export function collaboratorJson(app: App, account: Account, {access}: Platform) {
  const {id, email, sso} = account
  const role = (app.team && account.teams[app.team]) ?? 'collaborator'
  return entry(app, {id, email, federated: sso}, role, access.rightsOf(app, account))
}

function entry(
  app: App,
  user: {id: string; email: string; federated: boolean},
  role: string,
  rights: ReadonlySet<Right>,
) {
  return {
    id: uuidOf(`${user.email} on ${app.id}`),
    app: {id: app.id, name: app.name},
    created_at: at(app.createdAt),
    permissions: permissionsJson(rights),
    role,
    updated_at: at(app.createdAt),
    user,
  }
}

/** `GET /teams/apps/:app`: an app as its team sees it. */
export function teamAppJson(app: App, platform: Platform, routerUrl: string) {
  const {acm, create_status, generation, organization, process_tier, space, team, ...shown} = appJson(
    app,
    platform,
    routerUrl,
  )
  const joined = platform.access.collaborators(app).includes(platform.access.caller)
  return {
    ...shown,
    joined,
    locked: app.locked,
    space: space && {id: space.id, name: space.name},
    team: team && {name: team.name},
  }
}

/** `GET /teams/:team/members`, an entry. */
export function memberJson({id, email, name, sso, createdAt}: Account, role: string) {
  return {
    id,
    email,
    federated: sso,
    role,
    two_factor_authentication: false,
    created_at: at(createdAt),
    updated_at: at(createdAt),
    user: {id, email, name},
  }
}
