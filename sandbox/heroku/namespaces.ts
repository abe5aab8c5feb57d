import {invalid} from './errors.js'

const POOLING = 'connection-pooling:default'
const CREDENTIAL = 'credential:'

/** Whose URL a classic attachment has: that of a credential, or the pooler's with the default one. */
export interface ClassicNamespace {
  credential: string
  pooled: boolean
}

/** @throws ApiError 422 for what no classic database has */
export function classicNamespace(namespace: string | null): ClassicNamespace {
  if (namespace === null) return {credential: 'default', pooled: false}
  if (namespace === POOLING) return {credential: 'default', pooled: true}
  if (namespace.startsWith(CREDENTIAL)) return {credential: namespace.slice(CREDENTIAL.length), pooled: false}
  throw invalid(`Invalid namespace ${namespace}.`)
}

/** What an attachment of an Advanced database leads to; the owner and the leader are not named when they are meant. */
export interface AdvancedNamespace {
  role?: string
  pool?: string
  proxy?: string
}

const FACTORS = ['role', 'proxy', 'pool'] as const

/** `role:app|proxy:false|pool:leader`, each part at most once, in any order. @throws ApiError 422 */
export function advancedNamespace(namespace: string | null): AdvancedNamespace {
  const factors: AdvancedNamespace = {}
  for (const part of namespace?.split('|') ?? []) {
    const [, key, value] = /^(\w+):(.+)$/.exec(part) ?? []
    const factor = FACTORS.find((one) => one === key)
    if (!factor || factors[factor] !== undefined) throw invalid(`Invalid namespace ${namespace}.`)
    factors[factor] = value
  }
  return factors
}

/** The namespace of a request to attach, which Advanced also takes in parts as `namespace_config`. */
export function requestedNamespace({namespace, namespace_config: parts}: Record<string, unknown>): string | null {
  if (typeof parts !== 'object' || parts === null) return typeof namespace === 'string' ? namespace : null
  const named = new Map(Object.entries(parts).map(([key, value]) => [key, String(value)]))
  const factors = FACTORS.filter((key) => named.has(key)).map((key) => `${key}:${named.get(key)}`)
  return factors.length === 0 ? null : factors.join('|')
}
