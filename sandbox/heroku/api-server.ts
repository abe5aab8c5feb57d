import {randomUUID} from 'node:crypto'
import {createServer} from 'node:http'
import type {IncomingMessage, Server, ServerResponse} from 'node:http'
import {setTimeout as delay} from 'node:timers/promises'

import {ApiError} from './errors.js'
import {answerOf} from './faults.js'
import type {FaultPlan} from './faults.js'
import type {Platform} from './platform.js'
import {RateLimit} from './rate-limit.js'
import type {ApiAnswer, Routes} from './routes.js'
import type {ApiCall} from './types.js'

export interface ApiServerParts {
  platform: Platform
  routes: Routes
  faults: FaultPlan
  calls: ApiCall[]
  token: string
  rateLimit: RateLimit
}

/** The HTTP side of the API: token, JSON, faults, rate limit header, and the record of every call. */
export function createApiServer(parts: ApiServerParts): Server {
  return createServer((request, response) => {
    void serve(parts, request, response)
  })
}

async function serve(parts: ApiServerParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const method = request.method ?? 'GET'
  const call: ApiCall = {at: Date.now(), method, path: url.pathname + url.search, status: null, body: undefined}
  parts.calls.push(call)
  const raw = await read(request)
  if (raw === undefined) return
  call.body = parse(raw)
  const faults = parts.faults.take(method, url.pathname)
  const waits = faults.reduce((sum, {delayMs = 0}) => sum + delayMs, parts.platform.settings.latencyMs)
  if (waits > 0) await delay(waits, undefined, {signal: parts.platform.closing.signal}).catch(() => {})
  const cut = () => {
    call.status = 0
    request.socket.destroy()
  }
  if (faults.some(({kind}) => kind === 'reset-before')) return cut()
  const failing = faults.find((fault) => answerOf(fault))
  const error = failing && answerOf(failing)
  const answer = error && !failing.afterEffect ? failed(error) : await answerTo(parts, request, call, url)
  if (faults.some(({kind}) => kind === 'reset-after')) return cut()
  send(parts, response, call, error ? failed(error) : answer)
}

async function answerTo(
  {routes, token}: ApiServerParts,
  request: IncomingMessage,
  call: ApiCall,
  url: URL,
): Promise<ApiAnswer> {
  try {
    const {method, body} = call
    const {headers} = request
    const {handler, params, open} = routes.find(method, url.pathname)
    if (!open && !isAuthorized(headers.authorization, token)) {
      throw new ApiError(401, 'unauthorized', 'Invalid credentials provided.')
    }
    if (!isObject(body)) throw new ApiError(400, 'bad_request', 'The request body is not a JSON object.')
    return await handler({method, path: url.pathname, params, query: url.searchParams, headers, body})
  } catch (error) {
    if (error instanceof ApiError) return failed(error)
    return failed(
      new ApiError(500, 'internal_server_error', error instanceof Error ? (error.stack ?? '') : String(error)),
    )
  }
}

function send({rateLimit}: ApiServerParts, response: ServerResponse, call: ApiCall, answer: ApiAnswer): void {
  const {status = 200, body = {}, headers = {}, stream} = answer
  call.status = status
  if (stream) return stream(response)
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Request-Id': randomUUID(),
    'RateLimit-Remaining': String(rateLimit.take(call.path)),
    ...headers,
  })
  response.end(JSON.stringify(body))
}

function failed({status, id, message, headers}: ApiError): ApiAnswer {
  return {status, body: {id, message, url: 'https://devcenter.heroku.com/articles/platform-api-reference'}, headers}
}

/** A bearer token, or Basic with the token as password, which the Data API's credential endpoints take. */
function isAuthorized(header: string | undefined, token: string): boolean {
  return header === `Bearer ${token}` || header === `Basic ${Buffer.from(`:${token}`).toString('base64')}`
}

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
  return typeof body === 'object' && body !== null
}
