import type {IncomingHttpHeaders, ServerResponse} from 'node:http'

import {missing, wrongType} from './errors.js'

export interface ApiRequest {
  method: string
  path: string
  params: Record<string, string>
  query: URLSearchParams
  headers: IncomingHttpHeaders
  /** The JSON object sent; empty when there was none. */
  body: Record<string, unknown>
}

export interface ApiAnswer {
  status?: number
  body?: unknown
  headers?: Record<string, string>
  /** Takes over the response instead of sending a body; `status` is only noted then. */
  stream?: (response: ServerResponse) => void
}

export type Handler = (request: ApiRequest) => ApiAnswer | Promise<ApiAnswer>

interface Route {
  method: string
  path: string
  pattern: RegExp
  open: boolean
  handler: Handler
}

export interface FoundRoute {
  /** As the endpoint was declared: `/apps/:app/dynos`. */
  path: string
  handler: Handler
  params: Record<string, string>
  /** Needs no token. */
  open: boolean
}

/** The endpoints: `/apps/:app/dynos/:dyno` and what answers there. */
export class Routes {
  readonly #routes: Route[] = []

  /** `open` endpoints need no token: the URL itself is the secret. */
  on(method: string, path: string, handler: Handler, {open = false} = {}): this {
    const pattern = new RegExp(`^${path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}/?$`)
    this.#routes.push({method, path, pattern, open, handler})
    return this
  }

  find(method: string, path: string): FoundRoute | undefined {
    for (const route of this.#routes) {
      const match = route.method === method ? route.pattern.exec(path) : null
      if (!match) continue
      const params = Object.entries(match.groups ?? {}).map(([key, value]) => [key, decodeURIComponent(value)])
      return {...route, params: Object.fromEntries(params) as Record<string, string>}
    }
    return undefined
  }
}

/** A field of the request body as text; undefined when absent or null. */
export function text(body: Record<string, unknown>, key: string): string | undefined {
  const value = body[key]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

/** 422 unless each of these is in the body. */
export function requireParams(body: Record<string, unknown>, ...params: string[]): void {
  const absent = params.filter((param) => body[param] === undefined || body[param] === null)
  if (absent.length > 0) throw missing(...absent)
}

/** A field of the request body that can only be true or false; undefined when absent. */
export function flag(body: Record<string, unknown>, key: string): boolean | undefined {
  const value = body[key]
  if (value !== undefined && typeof value !== 'boolean') throw wrongType(key, value, 'boolean')
  return value
}

/** A reference in a body: a string, or an object with an id or a name. */
export function reference(body: Record<string, unknown>, key: string): string {
  const value = body[key]
  if (typeof value === 'object' && value !== null) return text({...value}, 'id') ?? text({...value}, 'name') ?? ''
  return text(body, key) ?? ''
}
