import {attach, destroy, detach, resolveAttachments} from './attachments.js'
import {forbidden, notFound} from './errors.js'
import {addonJson, attachmentJson} from './json.js'
import type {Platform} from './platform.js'
import {reference, text} from './routes.js'
import type {ApiRequest, Routes} from './routes.js'

/** Add-ons, attachments and their resolvers. */
export function addAddonRoutes(routes: Routes, platform: Platform): void {
  const app = ({params}: ApiRequest) => platform.accessibleApp(params['app']!)
  const addon = ({params}: ApiRequest) => platform.accessibleAddon(params['addon']!)
  const attachment = (id: string) => {
    const found = platform.attachments.find((candidate) => candidate.id === id)
    if (!found) throw notFound('add on attachment')
    if (!platform.allows(found.app)) throw forbidden(found.app.name)
    return found
  }

  routes.on('GET', '/addons', () => {
    return {body: platform.addons.filter((one) => platform.allows(one.app)).map(addonJson)}
  })
  routes.on('GET', '/addons/:addon', (request) => ({body: addonJson(addon(request))}))
  routes.on('GET', '/apps/:app/addons', (request) => {
    const shown = app(request)
    const attached = new Set(shown.attachments.map((one) => one.addon))
    const listed = platform.addons.filter((one) => one.app === shown || attached.has(one))
    return {body: listed.filter((one) => platform.allows(one.app)).map(addonJson)}
  })
  routes.on('GET', '/apps/:app/addons/:addon', (request) => {
    app(request)
    return {body: addonJson(addon(request))}
  })
  routes.on('DELETE', '/apps/:app/addons/:addon', (request) => {
    app(request)
    const destroyed = addon(request)
    destroy(platform, destroyed, request.body['force'] === true)
    return {body: addonJson(destroyed)}
  })
  routes.on('GET', '/addons/:addon/addon-attachments', (request) => {
    const wanted = addon(request)
    return {
      body: platform
        .accessibleAttachments()
        .filter((one) => one.addon === wanted)
        .map(attachmentJson),
    }
  })
  routes.on('GET', '/addons/:addon/config/:namespace', (request) => {
    const credential = request.params['namespace']!.replace(/^credential:/, '')
    const known = addon(request).credentials.has(credential)
    return {body: known ? [{name: request.params['namespace'], value: credential}] : []}
  })

  routes.on('GET', '/addon-attachments', () => ({body: platform.accessibleAttachments().map(attachmentJson)}))
  routes.on('GET', '/addon-attachments/:id', ({params}) => ({body: attachmentJson(attachment(params['id']!))}))
  routes.on('GET', '/apps/:app/addon-attachments', (request) => ({body: app(request).attachments.map(attachmentJson)}))
  routes.on('GET', '/apps/:app/addon-attachments/:name', (request) => {
    const {name} = request.params
    const found = app(request).attachments.find((one) => one.name === name || one.id === name)
    if (!found) throw notFound('add on attachment')
    return {body: attachmentJson(found)}
  })
  routes.on('POST', '/addon-attachments', ({body}) => {
    const made = attach(platform, {
      app: platform.accessibleApp(reference(body, 'app')),
      addon: platform.accessibleAddon(reference(body, 'addon')),
      name: text(body, 'name'),
      namespace: text(body, 'namespace'),
      confirm: text(body, 'confirm'),
    })
    return {status: 201, body: attachmentJson(made)}
  })
  routes.on('DELETE', '/addon-attachments/:id', ({params}) => {
    const removed = attachment(params['id']!)
    detach(platform, removed)
    return {body: attachmentJson(removed)}
  })

  routes.on('POST', '/actions/addon-attachments/resolve', ({body}) => {
    const appName = text(body, 'app')
    const on = appName === undefined ? undefined : platform.accessibleApp(appName)
    const service = text(body, 'addon_service')
    const candidates = platform
      .accessibleAttachments()
      .filter((one) => (!on || one.app === on) && (!service || one.addon.service === service))
    const found = resolveAttachments(candidates, text(body, 'addon_attachment') ?? '')
    if (found.length === 0) throw notFound('add on attachment')
    return {body: found.map(attachmentJson)}
  })
  routes.on('POST', '/actions/addons/resolve', ({body}) => {
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
    return {body: found.map(({id}) => addonJson(platform.accessibleAddon(id)))}
  })
}
