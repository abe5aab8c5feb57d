import {expect} from 'chai'

import type {App} from '../../sandbox/heroku/index.js'
import {HerokuHarness} from './heroku-harness.js'
import type {Json} from './heroku-harness.js'
import {HerokuTypes} from './heroku-types.js'

/**
 * Fields that heroku/platform-api's schema.json of 2026-06-05 has, and the types of @heroku-cli/schema 1.0.25 do not name;
 * and two of an app that are in neither, but that the stock command reads (apps:info, ps).
 */
const MORE = {
  'Account.country_of_residence': 'string | null',
  'Account.default_team': 'object | null',
  'Account.identity_provider.id': 'string',
  'Account.identity_provider.name': 'string',
  'Account.identity_provider.organization': 'object',
  'Account.identity_provider.organization.name': 'string',
  'Account.identity_provider.owner': 'object',
  'Account.identity_provider.owner.id': 'string',
  'Account.identity_provider.owner.name': 'string',
  'Account.identity_provider.owner.type': '"team" | "enterprise-account"',
  'Account.identity_provider.team': 'object',
  'Account.identity_provider.team.name': 'string',
  'AddOn.billed_price.cents': 'number',
  'AddOn.billed_price.contract': 'boolean',
  'AddOn.billed_price.unit': 'string',
  'AddOn.provision_message': 'string',
  'App.create_status': 'string',
  'App.generation': 'object',
  'App.generation.id': 'string',
  'App.generation.name': 'string',
  'App.organization.id': 'string',
  'App.organization.name': 'string',
  'App.process_tier': 'string',
  'App.space.id': 'string',
  'App.space.name': 'string',
  'App.space.shield': 'boolean',
  'App.team.id': 'string',
  'App.team.name': 'string',
  'Formation.dyno_size': 'object',
  'Formation.dyno_size.id': 'string',
  'Formation.dyno_size.name': 'string',
  'OAuthAuthorization.access_token.expires_in': 'number | null',
  'OAuthAuthorization.access_token.id': 'string',
  'OAuthAuthorization.access_token.token': 'string',
  'OAuthAuthorization.description': 'string',
  'OAuthAuthorization.session': 'object | null',
  'OAuthAuthorization.session.id': 'string',
  'Pipeline.generation': 'object',
  'Pipeline.generation.id': 'string',
  'Pipeline.generation.name': 'string',
  'Pipeline.owner': 'object | null',
  'Pipeline.owner.id': 'string',
  'Pipeline.owner.type': 'string',
  'Release.artifacts': 'array',
  'Release.eligible_for_rollback': 'boolean',
  'Release.slug.id': 'string',
  'Space.generation': 'object',
  'Space.generation.id': 'string',
  'Space.generation.name': 'string',
  'TeamApp.owner.email': 'string',
  'TeamApp.owner.id': 'string',
  'TeamApp.space.id': 'string',
  'TeamApp.space.name': 'string',
  'TeamApp.team.name': 'string',
}

describe('sandbox: answers of the Heroku API have the fields of the real ones', function () {
  this.timeout(60_000)
  const types = new HerokuTypes()
  let heroku: HerokuHarness
  let app: App

  before(async () => {
    heroku = await HerokuHarness.open()
    const processTypes = {web: 'sleep 100', worker: 'sleep 100', release: 'true'}
    const pipeline = {name: 'shop-pipeline', stage: 'production'}
    const team = 'shop-team'
    app = heroku.createApp('typed', {processTypes, pipeline, team, space: 'shop-space', formation: {worker: 1}})
    const database = {url: 'postgres://u:p@localhost:5432/shop'}
    heroku.sim.createPostgres({app: 'typed', plan: 'heroku-postgresql:private-0', name: 'pg-typed', database})
    const {email} = heroku.sim.createAccount({email: 'member@example.com', sso: true, teams: {[team]: 'member'}})
    heroku.sim.setRights('typed', ['deploy'], email)
    heroku.createApp('personal')
    await app.settle()
  })

  after(() => heroku.close())

  const check = (type: string, answer: unknown) => {
    const entries = Array.isArray(answer) ? answer : [answer]
    expect(entries, `${type}: entries`).to.not.be.empty
    for (const entry of entries) expect(types.faults(type, entry, MORE)).to.deep.equal([])
  }

  const GETS: [type: string, path: string][] = [
    ['Account', '/account'],
    ['RateLimit', '/account/rate-limits'],
    ['OAuthAuthorization', '/oauth/authorizations'],
    ['App', '/apps'],
    ['App', '/apps/typed'],
    ['App', '/users/~/apps'],
    ['Collaborator', '/apps/personal/collaborators'],
    ['Collaborator', '/apps/typed/collaborators'],
    ['TeamApp', '/teams/apps/typed'],
    ['TeamAppCollaborator', '/teams/apps/typed/collaborators'],
    ['TeamAppCollaborator', '/teams/apps/typed/collaborators/member@example.com'],
    ['TeamAppPermission', '/teams/permissions'],
    ['TeamMember', '/teams/shop-team/members'],
    ['PipelineCoupling', '/apps/typed/pipeline-couplings'],
    ['Pipeline', '/pipelines/shop-pipeline'],
    ['AppFeature', '/apps/typed/features'],
    ['AppFeature', '/apps/typed/features/preboot'],
    ['Space', '/spaces/shop-space'],
    ['SpaceNetworkAddressTranslation', '/spaces/shop-space/nat'],
    ['PeeringInfo', '/spaces/shop-space/peering-info'],
    ['AddOn', '/addons'],
    ['AddOn', '/addons/pg-typed'],
    ['AddOn', '/apps/typed/addons'],
    ['AddOn', '/apps/typed/addons/pg-typed'],
    ['AddOnAttachment', '/addon-attachments'],
    ['AddOnAttachment', '/addons/pg-typed/addon-attachments'],
    ['AddOnAttachment', '/apps/typed/addon-attachments'],
    ['AddOnAttachment', '/apps/typed/addon-attachments/DATABASE'],
    ['Release', '/apps/typed/releases'],
    ['Release', '/apps/typed/releases/v1'],
    ['Formation', '/apps/typed/formation'],
    ['Formation', '/apps/typed/formation/web'],
    ['Dyno', '/apps/typed/dynos'],
    ['Dyno', '/apps/typed/dynos/worker.1'],
  ]

  for (const [type, path] of GETS) {
    it(`GET ${path}: ${type}`, async () => {
      check(type, (await heroku.api('GET', path)).body)
    })
  }

  it('an account that logs in by SSO', async () => {
    const {token} = heroku.sim.createAccount({email: 'sso@example.com', sso: true, tokenSeconds: 60})
    const headers = {Authorization: `Bearer ${token}`}
    check('Account', (await heroku.api('GET', '/account', undefined, headers)).body)
    check('OAuthAuthorization', (await heroku.api('GET', '/oauth/authorizations', undefined, headers)).body)
  })

  it('changes answer with what they changed', async () => {
    const change = async (type: string, method: string, path: string, body: Json) => {
      const answer = await heroku.api(method, path, body)
      expect(answer.status, `${method} ${path}`).to.be.within(200, 201)
      check(type, answer.body)
      return answer.body
    }
    await change('App', 'PATCH', '/apps/typed', {maintenance: false})
    await change('AppFeature', 'PATCH', '/apps/typed/features/preboot', {enabled: false})
    await change('Formation', 'PATCH', '/apps/typed/formation', {updates: [{type: 'worker', quantity: 0}]})
    await change('Formation', 'PATCH', '/apps/typed/formation/worker', {quantity: 0})
    await change('Dyno', 'POST', '/apps/typed/dynos', {command: 'true'})
    await change('LogSession', 'POST', '/apps/typed/log-sessions', {})
    await change('TeamApp', 'PATCH', '/teams/apps/typed', {locked: false})
    await change('AddOn', 'POST', '/actions/addons/resolve', {addon: 'pg-typed'})
    const attachment = {app: 'typed', addon: 'pg-typed', name: 'SECOND'}
    const {id} = await change('AddOnAttachment', 'POST', '/addon-attachments', attachment)
    const resolve = {app: 'typed', addon_attachment: 'SECOND'}
    await change('AddOnAttachment', 'POST', '/actions/addon-attachments/resolve', resolve)
    await change('AddOnAttachment', 'DELETE', `/addon-attachments/${String(id)}`, {})
  })

  it('more fields come only when headers ask for them', async () => {
    const inclusion = {'Accept-Inclusion': 'addon:plan,config_vars'}
    const path = '/apps/typed/addon-attachments/DATABASE'
    const {body} = await heroku.api<{addon: Json; config_vars: string[]}>('GET', path, undefined, inclusion)
    expect([(body.addon['plan'] as Json)['name'], body.config_vars]).to.deep.equal([
      'heroku-postgresql:private-0',
      ['DATABASE_URL'],
    ])
    const expansion = {'Accept-Expansion': 'addon_service,plan'}
    const addon = await heroku.api<{plan: Json}>('GET', '/addons/pg-typed', undefined, expansion)
    expect(addon.body.plan['price']).to.deep.equal({cents: 5000, contract: false, unit: 'month'})
  })

  it('a missing, a wrong and an invented field are noticed', () => {
    const release = {
      id: 'no uuid',
      version: '1',
      created_at: '2026-11-29T10:00:00.123Z',
      user: {id: null, email: ''},
      invented: 1,
    }
    expect(types.faults('Release', release)).to.include.members([
      'Release.id is no UUID: no uuid',
      'Release.version is string, not number',
      'Release.created_at is no time: 2026-11-29T10:00:00.123Z',
      'Release.user.id is null, not string',
      'Release.description is missing',
      'Release.invented is in no type',
    ])
    expect(types.faults('Release', {status: 'done'})).to.include(
      'Release.status is string, not "failed" | "pending" | "succeeded"',
    )
    expect(types.faults('Release', {slug: {}}, MORE)).to.include('Release.slug.id is missing')
    expect(types.faults('AddOn', {config_vars: [1]})).to.include('AddOn.config_vars[] is number, not string')
  })
})
