import {createHash, randomUUID} from 'node:crypto'
import {once} from 'node:events'
import {createServer} from 'node:http'
import type {IncomingHttpHeaders, IncomingMessage, Server, ServerResponse} from 'node:http'
import {setTimeout as delay} from 'node:timers/promises'

import type {Account} from './accounts.js'
import {ApiError, noEndpoint, rateLimited, twoFactor} from './errors.js'
import {answerOf} from './faults.js'
import type {Fault, FaultPlan} from './faults.js'
import type {Platform} from './platform.js'
import {page} from './ranges.js'
import {needOf} from './rights.js'
import type {ApiAnswer, FoundRoute, Routes} from './routes.js'
import type {ApiCall} from './types.js'

export interface ApiServerParts {
  platform: Platform
  routes: Routes
  faults: FaultPlan
  calls: ApiCall[]
}

const ROUTER_PATIENCE_MS = 30_000

/** Of the Data API, which lives on a host of its own: no versions, no pages. */
const DATA_API = /^\/(client|data|postgres)\//

/** The HTTP side of the API: token, rate limit, rights, JSON, pages, ETags, faults, and the record of every call. */
export function createApiServer(parts: ApiServerParts): Server {
  return createServer((request, response) => {
    void serve(parts, request, response)
  })
}

async function serve(parts: ApiServerParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const {platform} = parts
  const url = new URL(request.url ?? '/', 'http://localhost')
  const method = request.method ?? 'GET'
  const call: ApiCall = {
    at: Date.now(),
    account: null,
    method,
    path: url.pathname + url.search,
    status: null,
    body: undefined,
  }
  parts.calls.push(call)
  const raw = await read(request)
  if (raw === undefined) return
  call.body = parse(raw)
  const faults = parts.faults.take(method, url.pathname, hasSecondFactor(parts, request, url))
  const has = (kind: Fault['kind']) => faults.find((fault) => fault.kind === kind)
  const pause = (ms: number) => delay(ms, undefined, {signal: platform.closing.signal}).catch(() => {})
  const [timeout, hang] = [has('timeout'), has('hang')]
  const waits = faults.reduce((sum, {kind, delayMs = 0}) => (kind === 'timeout' ? sum : sum + delayMs), 0)
  const held = faults.flatMap(({until}) => until ?? [])
  if (held.length > 0) await Promise.race([once(platform.closing.signal, 'abort'), Promise.all(held)])
  if (waits + platform.settings.latencyMs > 0) await pause(waits + platform.settings.latencyMs)
  const cut = () => {
    call.status = 0
    request.socket.destroy()
  }
  if (has('reset-before')) return cut()
  response.once('close', () => (call.status ??= 0))
  const failing = faults.find((fault) => answerOf(fault))
  const error = has('two_factor') ? twoFactor(appOf(parts, url)) : failing && answerOf(failing)
  const inVain = (hang && !hang.afterEffect) || (error && !failing?.afterEffect)
  // Heroku counts what reaches it, whatever comes of it.
  if (inVain) platform.access.accounts.of(request.headers.authorization)?.limit.take()
  const answer = inVain ? {} : await answerTo(parts, request, call, url)
  if (hang) return
  if (has('reset-after')) return cut()
  if (timeout) await pause(timeout.delayMs ?? ROUTER_PATIENCE_MS)
  send(response, call, request.headers, timeout ? ROUTER_GAVE_UP : error ? failed(error) : answer)
}

const ROUTER_GAVE_UP: ApiAnswer = {
  status: 503,
  stream(response) {
    response.writeHead(503, {'Content-Type': 'text/html; charset=utf-8'})
    response.end('<!DOCTYPE html><html><head><title>Application Error</title></head><body></body></html>\n')
  },
}

async function answerTo(
  {routes, platform}: ApiServerParts,
  request: IncomingMessage,
  call: ApiCall,
  url: URL,
): Promise<ApiAnswer> {
  const limit: Record<string, string> = {}
  try {
    const {method} = call
    const {headers} = request
    const route = routes.find(method, url.pathname)
    if (route?.open) return await answerOn(route, call, url, headers)
    const account = platform.access.accounts.authenticate(headers.authorization)
    call.account = account.email
    count(account, url.pathname, limit)
    if (
      !route ||
      (!DATA_API.test(url.pathname) && !/^application\/vnd\.heroku\+json; *version=3\b/.test(headers.accept ?? ''))
    ) {
      throw noEndpoint()
    }
    const answer = await platform.access.as(account, needOf(method, route.path), () =>
      answerOn(route, call, url, headers),
    )
    const paged =
      method === 'GET' && Array.isArray(answer.body) && !DATA_API.test(url.pathname)
        ? page(url.pathname, headers.range, answer.body as Record<string, unknown>[])
        : answer
    return {...paged, headers: {...limit, ...paged.headers}}
  } catch (error) {
    const answer = error instanceof ApiError ? error : new ApiError(500, 'internal_server_error', stackOf(error))
    return failed(answer, limit)
  }
}

async function answerOn(
  {handler, params}: FoundRoute,
  {method, body}: ApiCall,
  url: URL,
  headers: IncomingHttpHeaders,
): Promise<ApiAnswer> {
  if (!isObject(body)) throw new ApiError(400, 'bad_request', 'The request body is not a JSON object.')
  return await handler({method, path: url.pathname, params, query: url.searchParams, headers, body})
}

/** Takes the request out of the account's pool; asking how much is left is free. */
function count({limit}: Account, path: string, headers: Record<string, string>): void {
  const taken = path === '/account/rate-limits' || limit.take()
  headers['RateLimit-Remaining'] = String(limit.remaining)
  headers['RateLimit-Multiplier'] = '1'
  if (!taken) throw rateLimited()
}

function send(response: ServerResponse, call: ApiCall, asked: IncomingHttpHeaders, answer: ApiAnswer): void {
  const {status = 200, body = {}, headers = {}, stream} = answer
  if (stream) {
    call.status = status
    return stream(response)
  }
  const text = JSON.stringify(body)
  const etag = `"${createHash('md5').update(text).digest('hex')}"`
  const unchanged = call.method === 'GET' && status < 300 && asked['if-none-match'] === etag
  call.status = unchanged ? 304 : status
  response.writeHead(call.status, {
    ...(unchanged ? {} : {'Content-Type': 'application/json'}),
    ...(status < 300 ? {ETag: etag} : {}),
    'Request-Id': randomUUID(),
    ...headers,
  })
  response.end(unchanged ? undefined : text)
}

function failed({status, id, message, headers, fields}: ApiError, more: Record<string, string> = {}): ApiAnswer {
  return {status, body: {...fields, id, message}, headers: {...more, ...headers}}
}

function hasSecondFactor({platform}: ApiServerParts, {headers}: IncomingMessage, url: URL): boolean {
  if (headers['heroku-two-factor-code']) return true
  const app = platform.apps.find(({id, name}) => [id, name].includes(appIn(url)))
  const account = platform.access.accounts.of(headers.authorization)
  return app !== undefined && account !== undefined && account.preauthorized.has(app.id)
}

function appOf({platform}: ApiServerParts, url: URL): {id: string; name: string} | undefined {
  const app = platform.apps.find(({id, name}) => [id, name].includes(appIn(url)))
  return app && {id: app.id, name: app.name}
}

const appIn = ({pathname}: URL): string => /^\/apps\/([^/]+)/.exec(pathname)?.[1] ?? ''
const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? '') : String(error))

async function read(request: IncomingMessage): Promise<string | undefined> {
  try {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString()
  } catch {
    return undefined
  }
}

/** What was sent: {} for nothing, the text itself when it is no JSON. */
function parse(raw: string): unknown {
  try {
    return raw === '' ? {} : JSON.parse(raw)
  } catch {
    return raw
  }
}

function isObject(body: unknown): body is Record<string, unknown> {
  return typeof body === 'object' && body !== null && !Array.isArray(body)
}
