import type {SourceVar} from '../ports/assessment.js'
import type {Attachment} from '../ports/ports.js'
import type {Secret} from '../ports/secret.js'
import {type ConnectionParts, connectionPartsOf} from '../postgres/connection-url.js'

/** Parts of the source's URL by which a config var that leads to it is known. */
export type SourceAddress = Pick<ConnectionParts, 'database' | 'host' | 'password' | 'user'>

const POOLING = 'connection-pooling:'

/**
 * Every config var of an app that leads to the source, by name: those of its attachments, copies of the URL with parameters of their
 * own, and any other that holds the source's host or password. `foreign`: config vars of other add-ons, such as a follower's, which has
 * the same role and password; nobody but their add-on can change them.
 */
export function sourceVarsOf(
  config: Record<string, Secret>,
  attachments: readonly Pick<Attachment, 'configVars' | 'name' | 'namespace'>[],
  address: SourceAddress,
  foreign: readonly string[] = [],
): SourceVar[] {
  // What an attachment says besides its URL, such as a bastion's key, comes and goes with it.
  const setBy = new Map(attachments.map((attachment) => [urlVarOf(attachment), attachment]))
  const others = new Set([...attachments.flatMap(({configVars}) => configVars), ...foreign])
  const own = Object.keys(config).filter((name) => {
    const value = config[name]!
    return !others.has(name) && (leadsTo(name, value, address) || hasPasswordOf(value, address))
  })
  return [...setBy.keys(), ...own].sort().map((name) => {
    const attachment = setBy.get(name)
    return {name, attachment: attachment?.name ?? null, by: credentialOf(config[name], attachment?.namespace, address)}
  })
}

/** The config var of an attachment that holds its URL. */
export const urlVarOf = ({name, configVars}: Pick<Attachment, 'configVars' | 'name'>): string =>
  configVars.find((one) => one === `${name}_URL`) ?? configVars[0] ?? `${name}_URL`

/** Whether a config var is a URL of the source, or holds its password, its host and database, its host alone, or its name. */
export function leadsTo(name: string, value: Secret, address: SourceAddress): boolean {
  const {host, database, password} = address
  const text = value.reveal()
  const parts = connectionPartsOf(value)
  if (parts) return isOf(parts, address)
  const [lower, secret] = [text.trim().toLowerCase(), password.reveal()]
  return (
    [secret, encodeURIComponent(secret)].some((form) => form.length > 0 && text.includes(form)) ||
    (lower.includes(host.toLowerCase()) && text.includes(database)) ||
    lower.replace(/:\d+$/, '') === host.toLowerCase() ||
    (text.trim() === database && /PG|DB|DATABASE/i.test(name))
  )
}

const hasPasswordOf = (url: Secret, {password}: SourceAddress): boolean =>
  password.reveal() !== '' && connectionPartsOf(url)?.password.reveal() === password.reveal()

/** Whether it is a URL of the source, with any role. */
export function isUrlOf(url: Secret, address: SourceAddress): boolean {
  const parts = connectionPartsOf(url)
  return parts !== undefined && isOf(parts, address)
}

const isOf = (parts: ConnectionParts, {host, database}: SourceAddress): boolean =>
  parts.database === database && parts.host.toLowerCase() === host.toLowerCase()

function credentialOf(
  value: Secret | undefined,
  namespace: string | null | undefined,
  address: SourceAddress,
): SourceVar['by'] {
  if (namespace?.startsWith(POOLING)) return 'pooler'
  if (!value) return namespace === null ? 'owner' : 'credential'
  const parts = connectionPartsOf(value)
  if (!parts) return 'unreadable'
  // An attachment's other host is a pool of the same database.
  if (namespace === undefined && !isOf(parts, address)) return 'elsewhere'
  return parts.user === address.user ? 'owner' : 'credential'
}

/** The config var that Heroku's buildpacks and frameworks read. */
export const USUAL_VAR = 'DATABASE_URL'

/**
 * What a cutover makes of a config var: it leads to the target, it stays as the operator has said, or the operator has yet to decide. Another
 * credential's rights do not exist on the target, so only the app's main var may trade them for those of the target's role; what is
 * not a URL cannot be rewritten.
 */
export function fateOf({name, by}: SourceVar, keep: readonly string[]): 'kept' | 'moved' | 'undecided' {
  if (keep.includes(name)) return 'kept'
  if (by === 'owner' || by === 'pooler') return 'moved'
  return by === 'credential' && name === USUAL_VAR ? 'moved' : 'undecided'
}
