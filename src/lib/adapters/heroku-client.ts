import type {APIClient} from '@heroku-cli/command'

import {failed, messageOf, RdsError, refused} from '../ports/errors.js'
import type {Clock} from '../ports/ports.js'

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

export interface HerokuError extends Error {
  http?: {statusCode?: number; headers?: Record<string, string | undefined>}
  body?: {id?: string; message?: string}
  code?: string
}

/** The variant of the Platform API that tells of generations, and of an attachment's plan and config vars. */
export const SDK = {Accept: 'application/vnd.heroku+json; version=3.sdk'}

/** Heroku's router gives up on a request after 30 s. */
const REQUEST_MS = 45_000
/** For how long an outage is waited out, unless somebody has more patience. */
const PATIENCE_SECONDS = 15
/** An empty account gets a request back in less than a second, but others may take it. */
const THROTTLED_MS = 15 * 60_000
const LONGEST_WAIT_MS = 30_000
const GROWING_TRIES = 6

export const statusOf = (error: unknown): number => (error as HerokuError).http?.statusCode ?? 0

/** What the API said, without the lines the CLI's client adds. */
export const apiMessage = (error: unknown): string =>
  (error as HerokuError).body?.message?.replaceAll('\n', '. ') ?? messageOf(error).split('\n')[0] ?? ''

/** Some plans and generations lack a resource: that is an answer too. */
export const notThere = (error: unknown): undefined => {
  if ((error instanceof RdsError && error.code === 'not_found') || statusOf(error) === 422) return undefined
  throw error
}

/** An answer that never came says nothing of what happened. The network's errors have a code, such as ENETUNREACH; the CLI's timeout has none. */
const isLost = (error: unknown): boolean => {
  if (error instanceof RdsError || statusOf(error) !== 0) return false
  return /^E(?!RR_)[A-Z]+/.test((error as HerokuError).code ?? '') || /socket hang up|timed out/.test(messageOf(error))
}

const THROTTLED = "Heroku's API refuses requests, because this account has made too many; waiting"

/** 429, 5xx and lost answers pass; everything else is an answer. */
const passes = (error: unknown): boolean => statusOf(error) === 429 || statusOf(error) >= 500 || isLost(error)

const hostOf = (host: HerokuRequest['host']): string | undefined => {
  const {HEROKU_DATA_HOST, HEROKU_POSTGRESQL_HOST, HEROKU_METRICS_HOST} = process.env
  if (host === 'data') return HEROKU_DATA_HOST ?? HEROKU_POSTGRESQL_HOST ?? 'api.data.heroku.com'
  if (host === 'metrics') return HEROKU_METRICS_HOST ? new URL(HEROKU_METRICS_HOST).hostname : 'api.metrics.heroku.com'
  return undefined
}

/** How a client asks. */
export interface Asking {
  /** Ends every look, and every wait between two tries; a change that has been sent is waited for. */
  signal?: AbortSignal | undefined
  /** For how long an outage is waited out. */
  patienceSeconds?: number
  /** How long one request may take, in milliseconds. */
  requestMs?: number
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

  /** Acts unless it has happened, and looks again whenever the outcome is unknown. */
  async once(request: HerokuRequest, happened: () => Promise<boolean>): Promise<void> {
    await this.#untilDone(async () => {
      if (await happened()) return
      try {
        await this.#send(request)
      } catch (error) {
        if (passes(error)) throw error
        if (await happened()) return
        throw this.#explain(error, request)
      }
    }, request)
  }

  /** For requests that must not be repeated when their outcome is unknown; only a refusal before any effect is. */
  async post<T>(path: string, body: unknown): Promise<T> {
    const request = {method: 'POST', path, body} as const
    return this.#untilDone(
      () =>
        this.#send<T>(request).catch((error: unknown) => {
          throw statusOf(error) === 429 ? error : this.#explain(error, request)
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
        signal?.throwIfAborted()
        const throttled = statusOf(error) === 429
        const patience = throttled ? THROTTLED_MS : patienceSeconds * 1000
        if (!passes(error) || this.#clock.now().getTime() - begun > patience) throw this.#explain(error, request)
        if (tries === GROWING_TRIES) tell?.(throttled ? THROTTLED : 'Heroku does not answer; trying on')
        const asked = Number((error as HerokuError).http?.headers?.['retry-after'])
        const backoff = 250 * 2 ** Math.min(tries, GROWING_TRIES) * (0.75 + Math.random() / 2)
        await this.#clock.sleep(Math.min(asked > 0 ? asked * 1000 : backoff, LONGEST_WAIT_MS), signal)
      }
    }
  }

  async #send<T>({method, path, body, headers, host, partial}: HerokuRequest): Promise<T> {
    const {signal, requestMs = REQUEST_MS} = this.#asking
    const hostname = hostOf(host)
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
    const {body: answer} = await endedBy(answering, bounds)
    return answer
  }

  #explain(error: unknown, {method, path}: HerokuRequest): Error {
    if (error instanceof RdsError) return error
    const [status, said, {id} = {}] = [statusOf(error), apiMessage(error), (error as HerokuError).body]
    if (status === 401 || said.includes('HEROKU_API_KEY is invalid'))
      return refused(
        'not_logged_in',
        `Heroku refused the login, which may have ended: ${said}`,
        'heroku login, and run the same command again',
      )
    if (id === 'two_factor' || said.startsWith('Two-factor authentication requires'))
      return refused(
        'two_factor',
        'Heroku asks for a second factor, which only a person at a terminal can give',
        'run the command in a terminal, or with HEROKU_API_KEY set to a token of heroku authorizations:create',
      )
    if (status === 403)
      return refused('forbidden', `Heroku refused: ${said}`, 'ask the owner of the app for deploy and operate rights')
    if (status === 404) return refused('not_found', said)
    if (status === 429)
      return failed('throttled', `Heroku's API has refused every request for a while: ${said}`, 'try again in an hour')
    const wrapped = failed(
      'heroku_api',
      `Heroku answered ${status || 'nothing'} to ${method} ${path.replaceAll(/\?.*/g, '')}: ${said}`,
      'https://status.heroku.com',
    )
    return Object.assign(wrapped, {http: (error as HerokuError).http, body: (error as HerokuError).body, cause: error})
  }
}

interface Bounds {
  milliseconds: number
  signal: AbortSignal | undefined
  /** A question that a person is being asked on behalf of the request; undefined while there is none. */
  prompt: () => Promise<unknown> | undefined
}

/** The client's own timeout hears nothing of an answer that stops in the midst. The time that a person takes for an answer does not count. */
async function endedBy<T>(work: Promise<T>, {milliseconds, signal, prompt}: Bounds): Promise<T> {
  work.catch(() => undefined)
  let end = () => {}
  const ended = new Promise<never>((_resolve, reject) => {
    let timer: NodeJS.Timeout
    const wait = () => {
      timer = setTimeout(() => {
        const asked = prompt()
        if (asked) void asked.then(wait)
        else reject(new Error('Request timed out'))
      }, milliseconds)
    }
    const abort = () => reject(signal?.reason as Error)
    wait()
    signal?.addEventListener('abort', abort, {once: true})
    end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  })
  return Promise.race([work, ended]).finally(end)
}

const prompts = new WeakMap<APIClient, () => Promise<unknown> | undefined>()

/** The CLI's client asks for a second factor by itself, where a terminal is there; how long that takes only it knows. */
function promptOf(api: APIClient): () => Promise<unknown> | undefined {
  const known = prompts.get(api)
  if (known) return known
  const ask = api.twoFactorPrompt.bind(api)
  let open: Promise<unknown> | undefined
  api.twoFactorPrompt = () => {
    const asking = ask()
    const settled: Promise<unknown> = asking
      .catch(() => undefined)
      .finally(() => {
        if (open === settled) open = undefined
      })
    open = settled
    return asking
  }
  const prompt = () => open
  prompts.set(api, prompt)
  return prompt
}
