import type {SourceVar} from '../ports/assessment.js'
import type {Attachment} from '../ports/ports.js'
import type {Secret} from '../ports/secret.js'
import {type ConnectionParts, connectionPartsOf} from '../postgres/connection-url.js'

/** Parts of the source's URL by which a config var that leads to it is known. */
export type SourceAddress = Pick<ConnectionParts, 'database' | 'host' | 'password' | 'user'>

const POOLING = 'connection-pooling:'

/**
 * Every config var of an app that leads to the source: those of its attachments, copies of the URL with parameters of their own, and
 * whatever else holds the source's host or password. By name.
 */
export function sourceVarsOf(
  config: Record<string, Secret>,
  attachments: readonly Pick<Attachment, 'configVars' | 'name' | 'namespace'>[],
  address: SourceAddress,
): SourceVar[] {
  const setBy = new Map(attachments.flatMap((attachment) => attachment.configVars.map((name) => [name, attachment])))
  const names = new Set([...setBy.keys(), ...Object.keys(config).filter((name) => leadsTo(config[name]!, address))])
  return [...names].sort().map((name) => {
    const attachment = setBy.get(name)
    return {name, attachment: attachment?.name ?? null, by: credentialOf(config[name], attachment?.namespace, address)}
  })
}

/** Whether a value is a URL of the source, or holds its password, its host and database, or its host alone. */
export function leadsTo(value: Secret, {host, database, password}: SourceAddress): boolean {
  const text = value.reveal()
  const parts = connectionPartsOf(value)
  if (parts && parts.database === database && parts.host.toLowerCase() === host.toLowerCase()) return true
  const secret = password.reveal()
  return (
    [secret, encodeURIComponent(secret)].some((form) => form.length > 0 && text.includes(form)) ||
    (!parts && text.includes(host) && text.includes(database)) ||
    [host, database].includes(text.trim())
  )
}

function credentialOf(
  value: Secret | undefined,
  namespace: string | null | undefined,
  {database, user}: SourceAddress,
): SourceVar['by'] {
  if (namespace?.startsWith(POOLING)) return 'pooler'
  if (!value) return namespace === null ? 'owner' : 'credential'
  const parts = connectionPartsOf(value)
  if (!parts || parts.database !== database) return 'unreadable'
  return parts.user === user ? 'owner' : 'credential'
}

/** The config var that Heroku's buildpacks and frameworks read. */
export const USUAL_VAR = 'DATABASE_URL'

/**
 * What a cutover makes of a config var: it leads to the target, it stays as the operator has said, or nobody has decided. Another
 * credential's rights do not exist on the target, so only the app's main var may trade them for those of the target's role; what is no
 * URL cannot be written anew.
 */
export function fateOf({name, by}: SourceVar, keep: readonly string[]): 'kept' | 'moved' | 'undecided' {
  if (keep.includes(name)) return 'kept'
  if (by === 'unreadable' || (by === 'credential' && name !== USUAL_VAR)) return 'undecided'
  return 'moved'
}
