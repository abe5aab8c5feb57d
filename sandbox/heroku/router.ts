import {createServer, request as send} from 'node:http'
import type {IncomingMessage, Server, ServerResponse} from 'node:http'

import type {App} from './app.js'
import type {Dyno} from './dyno.js'
import type {Platform} from './platform.js'

const ERRORS = {
  H10: 'App crashed',
  H13: 'Connection closed without response',
  H14: 'No web dynos running',
  H20: 'App boot timeout',
  H80: 'Maintenance mode',
} as const

type ErrorCode = keyof typeof ERRORS

/** Heroku's router: finds the app by host name or by the first path segment, and proxies to one of its web dynos. */
export function createRouter(platform: Platform): Server {
  return createServer((request, response) => {
    void route(platform, request, response)
  })
}

async function route(platform: Platform, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const target = findTarget(platform, request)
  if (!target) return page(response, 404, 'No such app')
  const {app, path} = target
  const found = await chooseDyno(app)
  if (typeof found !== 'string') return proxy(app, found, path, request, response)
  refuse(app, found, path, request, response)
}

function findTarget(platform: Platform, request: IncomingMessage): {app: App; path: string} | undefined {
  const path = request.url ?? '/'
  const find = (name: string | undefined) => platform.apps.find((app) => app.name === name)
  const host = /^([\w-]+)\.herokuapp\.localhost(:|$)/.exec(request.headers.host ?? '')
  if (host) {
    const app = find(host[1])
    return app && {app, path}
  }
  const [, name, rest] = /^\/([\w-]+)(.*)$/.exec(path) ?? []
  const app = find(name)
  return app && {app, path: rest?.startsWith('/') ? rest : `/${rest}`}
}

/** A dyno that is up, waiting for one that boots; or the code of the error page. */
async function chooseDyno(app: App): Promise<Dyno | ErrorCode> {
  const scaled = () => (app.formation.types.get('web')?.quantity ?? 0) > 0
  // In a Private Space the routing proxy lives with the web dynos: without these, no page.
  if (app.maintenance) return app.space && !scaled() ? 'H10' : 'H80'
  if (!scaled()) return app.space ? 'H10' : 'H14'
  const booting = () => app.formation.list().some(({spec, state}) => spec.type === 'web' && state === 'starting')
  const inTime = await app.changes.until(
    () => app.formation.serving().length > 0 || !booting(),
    app.settings.bootSeconds * 1000,
  )
  const serving = app.formation.serving()
  return serving[Math.floor(Math.random() * serving.length)] ?? (inTime ? 'H10' : 'H20')
}

function proxy(app: App, dyno: Dyno, path: string, request: IncomingMessage, response: ServerResponse): void {
  const {method, headers} = request
  const forwarded = {...headers, 'x-forwarded-proto': 'http', via: '1.1 heroku-router'}
  const upstream = send({host: 'localhost', port: dyno.port, method, path, headers: forwarded}, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
    answer.once('error', () => response.destroy())
  })
  upstream.once('error', () => {
    if (response.headersSent) response.destroy()
    else refuse(app, 'H13', path, request, response)
  })
  response.once('close', () => upstream.destroy())
  request.pipe(upstream)
}

function refuse(app: App, code: ErrorCode, path: string, request: IncomingMessage, response: ServerResponse): void {
  const what = `method=${request.method} path="${path}" host=${request.headers.host}`
  app.log.write('heroku', 'router', `at=error code=${code} desc="${ERRORS[code]}" ${what} status=503`)
  page(response, 503, code === 'H80' ? 'Offline for Maintenance' : 'Application error')
}

function page(response: ServerResponse, status: number, title: string): void {
  response.writeHead(status, {'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-cache, no-store'})
  response.end(`<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`)
}
