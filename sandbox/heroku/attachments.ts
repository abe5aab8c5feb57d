import {randomInt, randomUUID} from 'node:crypto'

import type {Addon, AddonApp, Attachment} from './addons.js'
import {ApiError, invalid} from './errors.js'

/** Where it is written down what is attached to what. */
export interface AttachmentBook {
  readonly attachments: Attachment[]
}

export interface AttachRequest {
  app: AddonApp
  addon: Addon
  name?: string | null
  namespace?: string | null
  /** The app's name: allows replacing an attachment of the same name. */
  confirm?: string | null
}

const COLORS = ['AMBER', 'AQUA', 'BLUE', 'BRONZE', 'CRIMSON', 'GRAY', 'GREEN', 'MAUVE', 'NAVY', 'OLIVE', 'ROSE', 'TEAL']

/** Attaches an add-on to an app. A name that is taken needs `confirm`, and then makes two releases. */
export function attach(book: AttachmentBook, request: AttachRequest): Attachment {
  const {app, addon, namespace = null, confirm} = request
  addon.requireNamespace(namespace)
  const name = request.name ?? freeName(app, addon)
  if (!/^[A-Z][A-Z0-9_]*$/.test(name)) throw invalid(`Invalid attachment name ${name}.`)
  const taken = app.attachments.find((attachment) => attachment.name === name)
  if (taken && confirm !== app.name) throw confirmationRequired(app, taken)
  const ownVar = Object.keys(addon.variables(name, namespace)).find((key) => app.ownVars.has(key))
  if (ownVar) throw invalid(`Name is already in use: config var ${ownVar} exists on app ${app.name}.`)
  if (taken) remove(book, taken)
  const attachment: Attachment = {id: randomUUID(), name, namespace, app, addon, createdAt: new Date()}
  book.attachments.push(attachment)
  app.record('attach', {name, addon: addon.name, namespace})
  app.releases.create(`Attach ${name} (@ref:${addon.name})`)
  return attachment
}

/** Detaches, unless it is the last attachment of the add-on on the app that pays for it. */
export function detach(book: AttachmentBook, attachment: Attachment): void {
  const {addon, app} = attachment
  const onBillingApp = addon.app.attachments.filter((candidate) => candidate.addon === addon)
  if (app === addon.app && onBillingApp.length === 1) {
    throw invalid(`Cannot destroy last attachment to billing app for resource ${addon.name}`)
  }
  remove(book, attachment)
}

/** Destroys an add-on with its attachments; those on other apps than the one that pays need `force`. */
export function destroy(book: AttachmentBook & {addons: Addon[]}, addon: Addon, force: boolean): void {
  const attached = book.attachments.filter((attachment) => attachment.addon === addon)
  const elsewhere = attached.filter(({app}) => app !== addon.app)
  if (elsewhere.length > 0 && !force) {
    throw invalid(`Addon ${addon.name} is attached to ${elsewhere.map(({app}) => app.name).join(', ')}.`)
  }
  for (const attachment of attached) remove(book, attachment)
  book.addons.splice(book.addons.indexOf(addon), 1)
}

/** Finds attachments as the resolver does: by id, name, config var name or add-on. */
export function resolveAttachments(candidates: readonly Attachment[], wanted: string): Attachment[] {
  const named = candidates.filter(
    ({id, name, namespace, addon}) =>
      id === wanted || name === wanted || Object.keys(addon.variables(name, namespace)).includes(wanted),
  )
  return named.length > 0 ? named : candidates.filter(({addon}) => addon.name === wanted || addon.id === wanted)
}

function remove(book: AttachmentBook, attachment: Attachment): void {
  const {app, name, addon, namespace} = attachment
  book.attachments.splice(book.attachments.indexOf(attachment), 1)
  app.record('detach', {name, addon: addon.name, namespace})
  app.releases.create(`Detach ${name} (@ref:${addon.name})`)
}

function confirmationRequired(app: AddonApp, taken: Attachment): ApiError {
  const message = `The attachment name ${taken.name} is already in use by ${taken.addon.name} on app ${app.name}. Replacing it requires confirmation.`
  return new ApiError(423, 'confirmation_required', message, {headers: {'X-Confirmation-Required': 'name-conflict'}})
}

function freeName(app: AddonApp, addon: Addon): string {
  const prefix = addon.service.toUpperCase().replaceAll('-', '_')
  if (!addon.database) return prefix
  const used = new Set(app.attachments.map(({name}) => name))
  const free = COLORS.map((color) => `${prefix}_${color}`).filter((name) => !used.has(name))
  return free[randomInt(Math.max(free.length, 1))] ?? `${prefix}_${randomInt(1000, 10_000)}`
}
