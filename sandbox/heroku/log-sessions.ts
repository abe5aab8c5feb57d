import {randomUUID} from 'node:crypto'
import type {IncomingHttpHeaders, ServerResponse} from 'node:http'

import type {App} from './app.js'
import {notFound} from './errors.js'
import {formatLine} from './logs.js'
import type {LogFilter, LogLine} from './logs.js'

export interface LogSession {
  id: string
  app: App
  filter: LogFilter
  lines: number
  tail: boolean
  /** Ends the stream although it is a tail: the output of a release phase. */
  until?: Promise<unknown>
}

const DEFAULT_LINES = 100

/** Log streams that were handed out: whoever has the URL may read, as with Logplex. */
export class LogSessions {
  readonly #sessions = new Map<string, LogSession>()

  open(
    app: App,
    filter: LogFilter,
    {lines = DEFAULT_LINES, tail = false, until}: Partial<LogSession> = {},
  ): LogSession {
    const session: LogSession = {id: randomUUID(), app, filter, lines, tail, until}
    this.#sessions.set(session.id, session)
    return session
  }

  find(id: string): LogSession {
    const session = this.#sessions.get(id)
    if (!session) throw notFound('log session')
    return session
  }

  /** Plain lines, or server-sent events for whoever asks for these (heroku logs does). */
  stream(session: LogSession, headers: IncomingHttpHeaders, response: ServerResponse): void {
    const events = headers.accept?.includes('text/event-stream') ?? false
    let count = 0
    const write = (line: LogLine) => {
      const text = formatLine(line)
      response.write(events ? `id: ${++count}\ndata: ${text}\n\n` : `${text}\n`)
    }
    response.writeHead(200, {'Content-Type': events ? 'text/event-stream' : 'text/plain; charset=utf-8'})
    response.flushHeaders()
    for (const line of session.app.log.last(session.lines, session.filter)) write(line)
    if (!session.tail) {
      response.end()
      return
    }
    const end = session.app.log.follow(session.filter, write)
    response.once('close', end)
    void session.until?.then(() => response.end())
  }
}
