import type {Addon, Attachment} from './addons.js'
import type {App} from './app.js'
import type {Dyno} from './dyno.js'
import type {ProcessType} from './formation.js'
import type {Platform} from './platform.js'
import type {Release} from './releases.js'

const idOf = ({id, name}: {id: string; name: string}) => ({id, name})
const ownerOf = (app: App) => ({id: app.platform.user.id, email: app.owner})

export function appJson(app: App, routerUrl: string) {
  const stack = {id: app.stack, name: app.stack}
  return {
    id: app.id,
    name: app.name,
    acm: false,
    archived_at: null,
    build_stack: stack,
    buildpack_provided_description: app.language,
    create_status: 'complete',
    created_at: app.createdAt,
    generation: {id: app.generation, name: app.generation},
    git_url: `https://git.heroku.com/${app.name}.git`,
    internal_routing: app.space ? false : null,
    maintenance: app.maintenance,
    organization: null,
    owner: ownerOf(app),
    process_tier: 'production',
    region: {id: app.region, name: app.region},
    released_at: app.releases.current.createdAt,
    repo_size: 1000,
    slug_size: 1000,
    space: app.space && {id: app.space, name: app.space, shield: false},
    stack,
    team: null,
    updated_at: app.releases.all.at(-1)!.updatedAt,
    web_url: `${routerUrl}/${app.name}/`,
  }
}

export function addonJson(addon: Addon) {
  const attachments = addon.app.attachments.filter((attachment) => attachment.addon === addon)
  return {
    id: addon.id,
    name: addon.name,
    actions: [],
    addon_service: {id: addon.service, name: addon.service},
    app: idOf(addon.app),
    billed_price: {cents: 5000, contract: false, unit: 'month'},
    billing_entity: {...idOf(addon.app), type: 'app'},
    config_vars: attachments.flatMap(({name, namespace}) => Object.keys(addon.variables(name, namespace))),
    created_at: addon.createdAt,
    plan: {id: addon.plan, name: addon.plan, price: {cents: 5000, contract: false, unit: 'month'}},
    provider_id: addon.id,
    state: 'provisioned',
    updated_at: addon.createdAt,
    web_url: null,
  }
}

export function attachmentJson({id, name, namespace, app, addon, createdAt}: Attachment) {
  return {
    id,
    name,
    namespace,
    app: idOf(app),
    addon: {...idOf(addon), app: idOf(addon.app), plan: {id: addon.plan, name: addon.plan}},
    config_vars: Object.keys(addon.variables(name, namespace)),
    created_at: createdAt,
    updated_at: createdAt,
    log_input_url: null,
    web_url: null,
  }
}

export function releaseJson(app: App, release: Release, outputStreamUrl: string | null) {
  return {
    id: release.id,
    version: release.version,
    description: release.description,
    status: release.status,
    current: release === app.releases.current,
    addon_plan_names: release.addonPlans,
    app: idOf(app),
    artifacts: [],
    created_at: release.createdAt,
    eligible_for_rollback: release.status === 'succeeded',
    output_stream_url: outputStreamUrl,
    slug: {id: app.id},
    updated_at: release.updatedAt,
    user: ownerOf(app),
  }
}

export function formationJson(app: App, {id, type, quantity, size, updatedAt}: ProcessType) {
  return {
    id,
    type,
    quantity,
    size,
    dyno_size: {id: size, name: size},
    command: app.slug.processTypes[type],
    app: idOf(app),
    created_at: app.createdAt,
    updated_at: updatedAt,
  }
}

export function dynoJson(app: App, {id, spec, state, createdAt, updatedAt}: Dyno) {
  return {
    id,
    name: spec.name,
    type: spec.type,
    command: spec.command,
    size: spec.size,
    state,
    app: idOf(app),
    attach_url: null,
    release: {id: spec.release.id, version: spec.release.version},
    created_at: createdAt,
    updated_at: updatedAt,
  }
}

export function accountJson({user}: Platform) {
  return {
    id: user.id,
    email: user.email,
    allow_tracking: false,
    beta: false,
    default_organization: null,
    default_team: null,
    delinquent_at: null,
    federated: false,
    identity_provider: null,
    name: 'Operator',
    suspended_at: null,
    two_factor_authentication: false,
    verified: true,
  }
}
