import type {IncomingHttpHeaders} from 'node:http'

import type {Addon, Attachment} from './addons.js'
import type {App} from './app.js'
import type {Dyno} from './dyno.js'
import type {ProcessType} from './formation.js'
import {at, uuidOf} from './ids.js'
import type {Platform} from './platform.js'
import type {Release} from './releases.js'

/**
 * Answers of the Platform API, field by field as heroku/platform-api's schema.json (2026-06-05) has them;
 * test/sandbox/heroku-schema.test.ts compares. Where a header asks for more than the schema's fields, it says so.
 */

const idOf = ({id, name}: {id: string; name: string}) => ({id, name})
const named = (name: string) => ({id: uuidOf(name), name})

/** Of a team's app the owner is the team's own account. */
export function ownerOf(app: App, {access}: Pick<Platform, 'access'>) {
  const email = app.team ? `${app.team}@herokumanager.com` : app.owner
  return {id: access.accounts.find(email)?.id ?? uuidOf(email), email}
}

export function appJson(app: App, platform: Platform, routerUrl: string) {
  const stack = named(app.stack)
  const team = app.team === null ? null : named(app.team)
  return {
    id: app.id,
    name: app.name,
    acm: false,
    archived_at: null,
    build_stack: named(app.buildStack),
    buildpack_provided_description: app.language,
    // Not in the schema; heroku apps:info prints it unless it is `complete`.
    create_status: 'complete',
    created_at: at(app.createdAt),
    generation: named(app.generation),
    git_url: `https://git.heroku.com/${app.name}.git`,
    internal_routing: app.space ? false : null,
    maintenance: app.maintenance,
    organization: team,
    owner: ownerOf(app, platform),
    // Not in the schema; heroku ps reads it.
    process_tier: app.tier === 'fir' ? 'private' : app.tier,
    region: named(app.region),
    released_at: at(app.releases.current.createdAt),
    repo_size: 1000,
    slug_size: 1000,
    space: app.space === null ? null : {...named(app.space), shield: false},
    stack,
    team,
    updated_at: at(app.releases.all.at(-1)!.updatedAt),
    web_url: `${routerUrl}/${app.name}/`,
  }
}

const PRICE = {cents: 5000, contract: false, unit: 'month'}

/** `Accept-Expansion: plan` adds the plan's price, which the CLI reads. */
export function addonJson(addon: Addon, headers: IncomingHttpHeaders) {
  const attachments = addon.app.attachments.filter((attachment) => attachment.addon === addon)
  const expanded = listed(headers['accept-expansion'], 'plan')
  return {
    id: addon.id,
    name: addon.name,
    actions: [],
    addon_service: named(addon.service),
    app: idOf(addon.app),
    billed_price: PRICE,
    billing_entity: {...idOf(addon.app), type: 'app'},
    config_vars: attachments.flatMap(({name, namespace}) => Object.keys(addon.variables(name, namespace))),
    created_at: at(addon.createdAt),
    plan: {...named(addon.plan), ...(expanded ? {price: PRICE} : {})},
    provider_id: addon.id,
    provision_message: '',
    state: 'provisioned',
    updated_at: at(addon.createdAt),
    web_url: null,
  }
}

/** `Accept-Inclusion: addon:plan,config_vars` adds the add-on's plan and the config vars. */
export function attachmentJson(
  {id, name, namespace, app, addon, createdAt}: Attachment,
  {'accept-inclusion': inclusion}: IncomingHttpHeaders,
) {
  return {
    id,
    name,
    namespace,
    app: idOf(app),
    addon: {
      ...idOf(addon),
      app: idOf(addon.app),
      ...(listed(inclusion, 'addon:plan') ? {plan: named(addon.plan)} : {}),
    },
    created_at: at(createdAt),
    updated_at: at(createdAt),
    log_input_url: null,
    web_url: null,
    ...(listed(inclusion, 'config_vars') ? {config_vars: Object.keys(addon.variables(name, namespace))} : {}),
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
    created_at: at(release.createdAt),
    eligible_for_rollback: release.status === 'succeeded',
    output_stream_url: outputStreamUrl,
    slug: {id: uuidOf(`slug of ${app.id}`)},
    updated_at: at(release.updatedAt),
    user: release.user,
  }
}

export function formationJson(app: App, {id, type, quantity, size, updatedAt}: ProcessType) {
  return {
    id,
    type,
    quantity,
    size,
    dyno_size: named(size),
    command: app.slug.processTypes[type],
    app: idOf(app),
    created_at: at(app.createdAt),
    updated_at: at(updatedAt),
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
    created_at: at(createdAt),
    updated_at: at(updatedAt),
  }
}

export function prebootJson(app: App) {
  return {
    id: uuidOf(`preboot of ${app.id}`),
    name: 'preboot',
    enabled: app.preboot,
    state: 'general',
    description: 'Provide seamless web dyno deploys',
    doc_url: 'https://devcenter.heroku.com/articles/preboot',
    display_name: 'Preboot',
    feedback_email: 'feedback@heroku.com',
    created_at: at(app.createdAt),
    updated_at: at(app.createdAt),
  }
}

export function couplingJson(app: App, {name, stage}: {name: string; stage: string}) {
  return {
    id: uuidOf(`coupling of ${app.id}`),
    app: {id: app.id},
    pipeline: {id: uuidOf(name)},
    stage,
    created_at: at(app.createdAt),
    updated_at: at(app.createdAt),
  }
}

/** Of one of the pipeline's apps. */
export function pipelineJson(app: App, name: string, platform: Platform) {
  return {
    ...named(name),
    generation: named(app.generation),
    owner: {id: ownerOf(app, platform).id, type: app.team ? 'team' : 'user'},
    created_at: at(app.createdAt),
    updated_at: at(app.createdAt),
  }
}

/** A header's comma-separated list has the value. */
function listed(header: string | string[] | undefined, value: string): boolean {
  return String(header ?? '')
    .split(/, */)
    .includes(value)
}
