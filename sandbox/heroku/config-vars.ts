import type {App} from './app.js'
import {invalid} from './errors.js'

/**
 * Applies one PATCH: all of it as one release, or none. A var that belongs to an attachment cannot be overwritten;
 * null removes a var; what changes nothing makes no release.
 */
export function patchConfigVars(app: App, patch: Record<string, unknown>): void {
  const attached = app.attachments.flatMap(({addon, name, namespace}) => Object.keys(addon.variables(name, namespace)))
  const overwritten = Object.keys(patch).filter((key) => attached.includes(key))
  if (overwritten.length > 0) throw invalid(`Cannot overwrite attachment values ${overwritten.join(', ')}.`)
  const badKey = Object.keys(patch).find((key) => !/^\w+$/.test(key))
  if (badKey !== undefined) throw invalid(`Config var key ${badKey} is invalid.`)
  const badValue = Object.keys(patch).find((key) => typeof patch[key] === 'object' && patch[key] !== null)
  if (badValue !== undefined) throw invalid(`Config var ${badValue} must be a string.`)
  const text = (key: string) => (typeof patch[key] === 'string' ? patch[key] : JSON.stringify(patch[key]))
  const removed = Object.keys(patch).filter((key) => patch[key] === null && app.ownVars.has(key))
  const set = Object.keys(patch).filter((key) => patch[key] !== null && app.ownVars.get(key) !== text(key))
  for (const key of removed) app.ownVars.delete(key)
  for (const key of set) app.ownVars.set(key, text(key))
  const changes = [phrase('Set', set), phrase('Remove', removed)].filter((part) => part !== '')
  if (changes.length === 0) return
  app.record('config-vars', {set: set.join(' '), removed: removed.join(' ')})
  app.releases.create(changes.join(', '))
}

function phrase(verb: string, keys: string[]): string {
  if (keys.length === 0) return ''
  return `${verb} ${keys.join(', ')} config var${keys.length > 1 ? 's' : ''}`
}
