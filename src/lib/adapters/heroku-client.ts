import type {APIClient} from '@heroku-cli/command'

import {asking} from '../flow/waits.js'
import {failed} from '../ports/errors.js'
import type {Clock} from '../ports/ports.js'
import {endedBy, promptOf} from './heroku-bounds.js'
import {explained, type HerokuError, passes, statusOf} from './heroku-errors.js'

/** Talks to the Platform API, or to one of the hosts beside it. */
export interface HerokuRequest {
  method: 'DELETE' | 'GET' | 'PATCH' | 'POST'
  path: string
  body?: unknown
  headers?: Record<string, string>
  /** The Data API, or the one of the metrics. */
  host?: 'data' | 'metrics'
  /** The first page of a list is enough. */
  partial?: true
}

/** The variant of the Platform API that tells of generations, and of an attachment's plan and config vars. */
export const SDK = {Accept: 'application/vnd.heroku+json; version=3.sdk'}

/** Heroku's router gives up on a request after 30 s. */
export const REQUEST_SECONDS = 45
/** For how long an outage is waited out, unless somebody has more patience. */
const PATIENCE_SECONDS = 15
/** An empty account gets a request back in less than a second, but others may take it. */
const THROTTLED_MS = 15 * 60_000
const LONGEST_WAIT_MS = 30_000
const GROWING_TRIES = 6

const THROTTLED = "Heroku's API refuses requests, because this account has made too many; waiting"

const hostOf = (host: HerokuRequest['host']): string | undefined => {
  const {HEROKU_DATA_HOST, HEROKU_POSTGRESQL_HOST, HEROKU_METRICS_HOST} = process.env
  if (host === 'data') return HEROKU_DATA_HOST ?? HEROKU_POSTGRESQL_HOST ?? 'api.data.heroku.com'
  if (host === 'metrics') return HEROKU_METRICS_HOST ? new URL(HEROKU_METRICS_HOST).hostname : 'api.metrics.heroku.com'
  return undefined
}

/** The guard did not let a request pass; nothing was sent. */
class NotAllowed extends Error {
  readonly why: unknown

  constructor(why: unknown) {
    super('not allowed')
    this.why = why
  }
}

/** How a client asks. */
export interface Asking {
  /** Ends every look, and every wait between two tries; a change that has been sent is waited for. */
  signal?: AbortSignal | undefined
  /** For how long an outage is waited out. */
  patienceSeconds?: number
  /** How long one request may take, in milliseconds. */
  requestMs?: number
  /** Asked right before each request that changes something, and each repetition: the machine may have slept. Fails where it must not be sent. */
  guard?: (() => Promise<void>) | undefined
  /** Told once when something takes long. */
  tell?: ((line: string) => void) | undefined
}

/**
 * Calls Heroku through the CLI's own client, which knows the login, two-factor and the hosts. Idempotent requests are
 * repeated through rate limits and outages. A POST is never repeated blindly: after an unknown outcome `happened` looks.
 */
export class HerokuClient {
  readonly #api: APIClient
  readonly #clock: Clock
  readonly #asking: Asking

  constructor(api: APIClient, clock: Clock, asking: Asking = {}) {
    this.#api = api
    this.#clock = clock
    this.#asking = asking
  }

  /** The same in another way; under no signal for what must be cleared up after an abort. */
  asking(otherwise: Asking): HerokuClient {
    return new HerokuClient(this.#api, this.#clock, {...this.#asking, ...otherwise})
  }

  /** The same, until this signal aborts as well. */
  until(signal: AbortSignal): HerokuClient {
    const {signal: own} = this.#asking
    return this.asking({signal: own ? AbortSignal.any([own, signal]) : signal})
  }

  /** By which the client identifies itself; it goes nowhere else. */
  async token(): Promise<string | undefined> {
    return this.#api.getAuth()
  }

  async get<T>(path: string, options: Partial<HerokuRequest> = {}): Promise<T> {
    return this.#persist<T>({...options, method: 'GET', path})
  }

  async patch<T>(path: string, body: unknown, options: Partial<HerokuRequest> = {}): Promise<T> {
    return this.#persist<T>({...options, method: 'PATCH', path, body})
  }

  /**
   * For what Heroku refuses to do twice: acts, and looks whether it has happened whenever it is refused or the outcome is unknown, before
   * it acts again.
   */
  async once(request: HerokuRequest, happened: () => Promise<boolean>): Promise<void> {
    let sent = false
    await this.#untilDone(async () => {
      if (sent && (await happened())) return
      sent = true
      try {
        await this.#send(request)
      } catch (error) {
        if (passes(error) || error instanceof NotAllowed) throw error
        if (await happened()) return
        throw explained(error, request)
      }
    }, request)
  }

  /** For requests that must not be repeated when their outcome is unknown; only a refusal before any effect is. */
  async post<T>(path: string, body: unknown): Promise<T> {
    const request = {method: 'POST', path, body} as const
    return this.#untilDone(
      () =>
        this.#send<T>(request).catch((error: unknown) => {
          throw statusOf(error) === 429 || error instanceof NotAllowed ? error : explained(error, request)
        }),
      request,
    )
  }

  /** A stream of text from an address that Heroku handed out, such as a log session. */
  async stream(url: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    // Fir tells lines apart for event streams only.
    const response = await fetch(url, {signal, headers: {Accept: 'text/event-stream'}})
    if (!response.ok || !response.body) throw failed('log_stream', `Heroku's log stream answered ${response.status}`)
    return response.body
  }

  #persist<T>(request: HerokuRequest): Promise<T> {
    return this.#untilDone(() => this.#send<T>(request), request)
  }

  /** Tries until it ends in another way than one that passes. */
  async #untilDone<T>(attempt: () => Promise<T>, request: HerokuRequest): Promise<T> {
    const {signal, patienceSeconds = PATIENCE_SECONDS, tell} = this.#asking
    const begun = this.#clock.now().getTime()
    for (let tries = 1; ; tries++) {
      signal?.throwIfAborted()
      try {
        return await attempt()
      } catch (error) {
        if (error instanceof NotAllowed) throw error.why
        signal?.throwIfAborted()
        const throttled = statusOf(error) === 429
        const patience = throttled ? THROTTLED_MS : patienceSeconds * 1000
        if (!passes(error) || this.#clock.now().getTime() - begun > patience) throw explained(error, request)
        if (tries === GROWING_TRIES) tell?.(throttled ? THROTTLED : 'Heroku does not answer; trying on')
        const asked = Number((error as HerokuError).http?.headers?.['retry-after'])
        const backoff = 250 * 2 ** Math.min(tries, GROWING_TRIES) * (0.75 + Math.random() / 2)
        await this.#clock.sleep(Math.min(asked > 0 ? asked * 1000 : backoff, LONGEST_WAIT_MS), signal)
      }
    }
  }

  async #send<T>({method, path, body, headers, host, partial}: HerokuRequest): Promise<T> {
    const {signal, requestMs = REQUEST_SECONDS * 1000, guard} = this.#asking
    const hostname = hostOf(host)
    if (method !== 'GET')
      await guard?.().catch((error: unknown) => {
        throw new NotAllowed(error)
      })
    const answering = this.#api.request<T>(path, {
      method,
      // A login prompt would hold up an open window.
      retryAuth: false,
      timeout: requestMs,
      ...(partial ? {partial} : {}),
      ...(body === undefined ? {} : {body: body as object}),
      ...(headers ? {headers} : {}),
      ...(hostname ? {hostname} : {}),
    })
    // What changes something has an outcome, which whoever undoes it must know.
    const bounds = {milliseconds: requestMs, signal: method === 'GET' ? signal : undefined, prompt: promptOf(this.#api)}
    const {body: answer} = await asking('heroku', () => endedBy(answering, bounds))
    return answer
  }
}
