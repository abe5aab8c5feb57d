import type {App} from './app.js'
import {at} from './ids.js'
import {releaseJson} from './json.js'
import type {LogSessions} from './log-sessions.js'
import type {Platform} from './platform.js'
import type {Release} from './releases.js'
import {text} from './routes.js'
import type {ApiRequest, Routes} from './routes.js'

/** Releases and log sessions. */
export function addReleaseRoutes(routes: Routes, platform: Platform, sessions: LogSessions, url: string): void {
  const app = ({params}: ApiRequest) => platform.accessibleApp(params['app']!)
  const outputs = new Map<Release, string>()
  const outputOf = (host: App, release: Release): string | null => {
    const {phase} = release
    if (!phase) return null
    const options = {lines: Infinity, tail: release.status === 'pending', until: phase.ended}
    const known = outputs.get(release)
    const id = known ?? sessions.open(host, {dyno: phase.spec.name, source: 'app'}, options).id
    outputs.set(release, id)
    return `${url}/streams/${id}`
  }
  const show = (host: App, release: Release) => releaseJson(host, release, outputOf(host, release))

  routes.on('GET', '/apps/:app/releases', (request) => {
    const host = app(request)
    return {body: host.releases.all.map((release) => show(host, release))}
  })
  routes.on('GET', '/apps/:app/releases/:release', (request) => {
    const host = app(request)
    return {body: show(host, host.releases.find(request.params['release']!))}
  })
  routes.on('GET', '/apps/:app/releases/:release/config-vars', (request) => {
    return {body: app(request).releases.find(request.params['release']!).config}
  })

  routes.on('POST', '/apps/:app/log-sessions', (request) => {
    const {body} = request
    const dyno = text(body, 'dyno_name') ?? text(body, 'dyno') ?? text(body, 'type')
    const lines = text(body, 'lines')
    const options = {lines: lines === undefined ? undefined : Number(lines), tail: body['tail'] === true}
    const session = sessions.request(app(request), {dyno, source: text(body, 'source')}, options)
    const now = at(new Date())
    const logplexUrl = `${url}/streams/${session.id}`
    return {status: 201, body: {id: session.id, logplex_url: logplexUrl, created_at: now, updated_at: now}}
  })
  routes.on(
    'GET',
    '/streams/:session',
    ({params, headers}) => {
      const session = sessions.find(params['session']!)
      return {stream: (response) => sessions.stream(session, headers, response)}
    },
    {open: true},
  )
}
