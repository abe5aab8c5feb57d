import {randomUUID} from 'node:crypto'
import type {IncomingHttpHeaders, ServerResponse} from 'node:http'

import type {App} from './app.js'
import {ApiError, notFound} from './errors.js'
import {formatLine} from './logs.js'
import type {LogFilter, LogLine} from './logs.js'
import type {LogAccess} from './types.js'

export interface LogSession {
  id: string
  app: App
  filter: LogFilter
  lines: number
  tail: boolean
  access: LogAccess
  /** Ends the stream although it is a tail: the output of a release phase. */
  until?: Promise<unknown>
}

const DEFAULT_LINES = 100

/** Words of our own: no public source shows Heroku's. */
const REFUSED = 'Logs are not available for apps in a space with Private Space Logging.'

/** As the stock command words the 403 of a rendezvous from outside of a space's trusted IP ranges. */
const UNTRUSTED = "You can't access this space from your IP address. Contact your team admin."

/** Log streams that were handed out: whoever has the URL may read, as with Logplex. */
export class LogSessions {
  readonly #sessions = new Map<string, LogSession>()

  open(
    app: App,
    filter: LogFilter,
    {lines = DEFAULT_LINES, tail = false, access = 'full', until}: Partial<LogSession> = {},
  ): LogSession {
    const session: LogSession = {id: randomUUID(), app, filter, lines, tail, access, until}
    this.#sessions.set(session.id, session)
    return session
  }

  /**
   * What `POST /apps/:app/log-sessions` opens. Fir keeps no lines and always follows.
   * @throws ApiError where the app's log is not for callers of the API
   */
  request(app: App, filter: LogFilter, {lines, tail}: Partial<LogSession>): LogSession {
    const {logs: access} = app
    if (access === 'refused-403') throw new ApiError(403, 'forbidden', REFUSED)
    if (access === 'refused-422') throw new ApiError(422, 'invalid_params', REFUSED)
    return this.open(app, filter, app.generation === 'fir' ? {lines: 0, tail: true, access} : {lines, tail, access})
  }

  find(id: string): LogSession {
    const session = this.#sessions.get(id)
    if (!session) throw notFound('log session')
    return session
  }

  stream(session: LogSession, headers: IncomingHttpHeaders, response: ServerResponse): void {
    const {app, access, filter} = session
    const onFir = app.generation === 'fir' && session.until === undefined
    if (access === 'stream-403') {
      response.writeHead(403, {'Content-Type': 'text/plain; charset=utf-8'}).end(UNTRUSTED)
      return
    }
    const events = access !== 'plain' && (headers.accept?.includes('text/event-stream') ?? false)
    const frame = framing(onFir, events)
    let count = 0
    const write = (line: LogLine) => {
      count++
      if (access === 'drained' || (access === 'lossy' && count % 2 === 0)) return
      response.write(frame(formatLine(line), count))
    }
    response.writeHead(200, {'Content-Type': events ? 'text/event-stream' : 'text/plain; charset=utf-8'})
    response.flushHeaders()
    for (const line of app.log.last(session.lines, filter)) write(line)
    if (!session.tail) {
      response.end()
      return
    }
    const end = app.log.follow(filter, write)
    const {firLogSeconds} = app.settings
    const over = onFir && setTimeout(() => response.end(), firLogSeconds * 1000)
    response.once('close', () => {
      end()
      if (over) clearTimeout(over)
    })
    void session.until?.then(() => response.end())
  }
}

/**
 * Server-sent events for a caller who asks for these, as `heroku logs` does; otherwise plain lines, which Fir sends
 * with nothing between them (Heroku's SDK, log session resource, 2026).
 */
function framing(onFir: boolean, events: boolean): (text: string, id: number) => string {
  if (events) return (text, id) => `id: ${id}\ndata: ${text}\n\n`
  return onFir ? (text) => text : (text) => `${text}\n`
}
