import type {Addon, Attachment} from './addons.js'
import {attach, destroy, detach, resolveAttachments} from './attachments.js'
import {notFound} from './errors.js'
import {addonJson, attachmentJson} from './json.js'
import {requestedNamespace} from './namespaces.js'
import type {Platform} from './platform.js'
import {reference, requireParams, text} from './routes.js'
import type {ApiRequest, Routes} from './routes.js'

/** Add-ons, attachments and their resolvers. */
export function addAddonRoutes(routes: Routes, platform: Platform): void {
  const app = ({params}: ApiRequest) => platform.accessibleApp(params['app']!)
  const addon = ({params}: ApiRequest) => platform.accessibleAddon(params['addon']!)
  const attachment = (id: string) => {
    const found = platform.attachments.find((candidate) => candidate.id === id)
    if (!found) throw notFound('add on attachment')
    platform.access.require(found.app)
    return found
  }

  const showAddon = (one: Addon, {headers}: ApiRequest) => addonJson(one, headers)
  const show = (one: Attachment, {headers}: ApiRequest) => attachmentJson(one, headers)

  routes.on('GET', '/addons', (request) => {
    return {body: platform.addons.filter((one) => platform.allows(one.app)).map((one) => showAddon(one, request))}
  })
  routes.on('GET', '/addons/:addon', (request) => ({body: showAddon(addon(request), request)}))
  routes.on('GET', '/apps/:app/addons', (request) => {
    const shown = app(request)
    const attached = new Set(shown.attachments.map((one) => one.addon))
    const listed = platform.addons.filter((one) => one.app === shown || attached.has(one))
    return {body: listed.filter((one) => platform.allows(one.app)).map((one) => showAddon(one, request))}
  })
  routes.on('GET', '/apps/:app/addons/:addon', (request) => {
    app(request)
    return {body: showAddon(addon(request), request)}
  })
  routes.on('DELETE', '/apps/:app/addons/:addon', (request) => {
    app(request)
    const destroyed = addon(request)
    platform.access.require(destroyed.app)
    destroy(platform, destroyed, request.body['force'] === true)
    return {body: showAddon(destroyed, request)}
  })
  routes.on('GET', '/addons/:addon/addon-attachments', (request) => {
    const wanted = addon(request)
    return {
      body: platform
        .accessibleAttachments()
        .filter((one) => one.addon === wanted)
        .map((one) => show(one, request)),
    }
  })
  routes.on('GET', '/addons/:addon/config/:namespace', (request) => {
    const {namespace} = request.params
    const known = addon(request).hasNamespace(namespace!)
    return {body: known ? [{name: namespace, value: namespace!.split(':')[1]}] : []}
  })

  routes.on('GET', '/addon-attachments', (request) => {
    return {body: platform.accessibleAttachments().map((one) => show(one, request))}
  })
  routes.on('GET', '/addon-attachments/:id', (request) => ({body: show(attachment(request.params['id']!), request)}))
  routes.on('GET', '/apps/:app/addon-attachments', (request) => {
    return {body: app(request).attachments.map((one) => show(one, request))}
  })
  routes.on('GET', '/apps/:app/addon-attachments/:name', (request) => {
    const {name} = request.params
    const found = app(request).attachments.find((one) => one.name === name || one.id === name)
    if (!found) throw notFound('add on attachment')
    return {body: show(found, request)}
  })
  routes.on('POST', '/addon-attachments', (request) => {
    const {body} = request
    requireParams(body, 'addon', 'app')
    const made = attach(platform, {
      app: platform.accessibleApp(reference(body, 'app')),
      addon: platform.accessibleAddon(reference(body, 'addon')),
      name: text(body, 'name'),
      namespace: requestedNamespace(body),
      confirm: text(body, 'confirm'),
    })
    return {status: 201, body: show(made, request)}
  })
  routes.on('DELETE', '/addon-attachments/:id', (request) => {
    const removed = attachment(request.params['id']!)
    detach(platform, removed)
    return {body: show(removed, request)}
  })

  routes.on('POST', '/actions/addon-attachments/resolve', (request) => {
    const {body} = request
    requireParams(body, 'addon_attachment')
    const appName = text(body, 'app')
    const on = appName === undefined ? undefined : platform.accessibleApp(appName)
    const service = text(body, 'addon_service')
    const candidates = platform
      .accessibleAttachments()
      .filter((one) => (!on || one.app === on) && (!service || one.addon.service === service))
    const found = resolveAttachments(candidates, text(body, 'addon_attachment') ?? '')
    if (found.length === 0) throw notFound('add on attachment')
    return {body: found.map((one) => show(one, request))}
  })
  routes.on('POST', '/actions/addons/resolve', (request) => {
    const {body} = request
    requireParams(body, 'addon')
    const wanted = text(body, 'addon') ?? ''
    const appName = text(body, 'app')
    const on = appName === undefined ? undefined : platform.accessibleApp(appName)
    const service = text(body, 'addon_service')
    const attached = on ? resolveAttachments(on.attachments, wanted).map((one) => one.addon) : []
    const named = platform.addons.filter(
      (one) => one.name === wanted || one.id === wanted || (one.app === on && [one.service, one.plan].includes(wanted)),
    )
    const found = [...new Set([...attached, ...named])].filter((one) => !service || one.service === service)
    if (found.length === 0) throw notFound('add on')
    return {body: found.map(({id}) => showAddon(platform.accessibleAddon(id), request))}
  })
}
