import type {APIClient} from '@heroku-cli/command'

import {failed, messageOf, refused} from '../ports/errors.js'
import type {Clock} from '../ports/ports.js'

/** Talks to the Platform API and, with `data`, to the Data API. */
export interface HerokuRequest {
  method: 'DELETE' | 'GET' | 'PATCH' | 'POST'
  path: string
  body?: unknown
  headers?: Record<string, string>
  data?: true
}

export interface HerokuError extends Error {
  http?: {statusCode?: number; headers?: Record<string, string | undefined>}
  body?: {id?: string; message?: string}
  code?: string
}

/** The variant of the Platform API that tells of generations, and of an attachment's plan and config vars. */
export const SDK = {Accept: 'application/vnd.heroku+json; version=3.sdk'}

const TRIES = 6
const LONGEST_WAIT_MS = 30_000

export const statusOf = (error: unknown): number => (error as HerokuError).http?.statusCode ?? 0

/** What the API said, without the lines the CLI's client adds. */
export const apiMessage = (error: unknown): string =>
  (error as HerokuError).body?.message ?? messageOf(error).split('\n')[0] ?? ''

/** 429, 5xx and broken connections pass; everything else is an answer. */
const passes = (error: unknown): boolean => {
  const status = statusOf(error)
  return (
    status === 429 ||
    status >= 500 ||
    (status === 0 &&
      /ECONNRESET|ETIMEDOUT|ECONNREFUSED|EPIPE|EAI_AGAIN|socket hang up/.test(
        `${(error as HerokuError).code} ${messageOf(error)}`,
      ))
  )
}

/**
 * Calls Heroku through the CLI's own client, which knows the login, two-factor and the hosts. Idempotent requests are
 * repeated through rate limits and outages. A POST is never repeated blindly: after an unknown outcome `happened` looks.
 */
export class HerokuClient {
  readonly #api: APIClient
  readonly #clock: Clock

  constructor(api: APIClient, clock: Clock) {
    this.#api = api
    this.#clock = clock
  }

  async get<T>(path: string, options: Partial<HerokuRequest> = {}): Promise<T> {
    return this.#persist<T>({...options, method: 'GET', path})
  }

  async patch<T>(path: string, body: unknown): Promise<T> {
    return this.#persist<T>({method: 'PATCH', path, body})
  }

  /** Acts unless it has happened, and looks again whenever the outcome is unknown. */
  async once(request: HerokuRequest, happened: () => Promise<boolean>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      if (await happened()) return
      try {
        await this.#send(request)
        return
      } catch (error) {
        if (!passes(error)) {
          if (await happened()) return
          throw this.#explain(error, request)
        }
        await this.#wait(error, attempt, request)
      }
    }
  }

  /** For requests that must not be repeated when their outcome is unknown; only a refusal before any effect is. */
  async post<T>(path: string, body: unknown): Promise<T> {
    const request = {method: 'POST', path, body} as const
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#send<T>(request)
      } catch (error) {
        const refusedUntouched = statusOf(error) === 429 || statusOf(error) === 503
        if (!refusedUntouched) throw this.#explain(error, request)
        await this.#wait(error, attempt, request)
      }
    }
  }

  /** A stream of text from an address that Heroku handed out, such as a log session. */
  async stream(url: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    // Fir tells lines apart for event streams only; Cedar sends plain lines whatever is asked for.
    const response = await fetch(url, {signal, headers: {Accept: 'text/event-stream'}})
    if (!response.ok || !response.body) throw failed('log_stream', `Heroku's log stream answered ${response.status}`)
    return response.body
  }

  async #persist<T>(request: HerokuRequest): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#send<T>(request)
      } catch (error) {
        if (!passes(error)) throw this.#explain(error, request)
        await this.#wait(error, attempt, request)
      }
    }
  }

  async #send<T>({method, path, body, headers, data}: HerokuRequest): Promise<T> {
    const answer = await this.#api.request<T>(path, {
      method,
      ...(body === undefined ? {} : {body: body as object}),
      ...(headers ? {headers} : {}),
      ...(data
        ? {hostname: process.env.HEROKU_DATA_HOST ?? process.env.HEROKU_POSTGRESQL_HOST ?? 'api.data.heroku.com'}
        : {}),
    })
    return answer.body
  }

  async #wait(error: unknown, attempt: number, request: HerokuRequest): Promise<void> {
    if (attempt >= TRIES) throw this.#explain(error, request)
    const asked = Number((error as HerokuError).http?.headers?.['retry-after'])
    const backoff = 250 * 2 ** attempt * (0.75 + Math.random() / 2)
    await this.#clock.sleep(Math.min(asked > 0 ? asked * 1000 : backoff, LONGEST_WAIT_MS))
  }

  #explain(error: unknown, {method, path}: HerokuRequest): Error {
    const [status, said] = [statusOf(error), apiMessage(error)]
    if (status === 401 || said.includes('HEROKU_API_KEY is invalid'))
      return refused('not_logged_in', `Heroku refused the login: ${said}`, 'heroku login')
    if (status === 403)
      return refused('forbidden', `Heroku refused: ${said}`, 'ask the owner of the app for deploy and operate rights')
    if (status === 404) return refused('not_found', said)
    const wrapped = failed(
      'heroku_api',
      `Heroku answered ${status || 'nothing'} to ${method} ${path.replaceAll(/\?.*/g, '')}: ${said}`,
      'https://status.heroku.com',
    )
    return Object.assign(wrapped, {http: (error as HerokuError).http, body: (error as HerokuError).body, cause: error})
  }
}
