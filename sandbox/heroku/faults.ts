import {ApiError, rateLimited, unauthorized} from './errors.js'

/**
 * What goes wrong. A number or `suspended` is an error answer. `reset-before` and `reset-after` cut the connection before
 * or after the effect. `hang` accepts the request and never answers. `timeout` has the effect, and Heroku's router gives up
 * waiting for the answer: 503 with a page after 30 s. `two_factor` asks for a second factor until one is given: by the
 * request's Heroku-Two-Factor-Code, or by a pre-authorization of the app.
 */
export type FaultKind =
  'delay' | 'hang' | 'reset-after' | 'reset-before' | 'suspended' | 'timeout' | 'two_factor' | keyof typeof ANSWERS

export interface Fault {
  method: string
  path: RegExp
  /** Which matching call from now on; 1 by default. */
  nth?: number
  /** Every matching call, from now until `clear`. */
  always?: true
  kind: FaultKind
  /** For `delay`: what it waits for; the effect comes even if nobody waits for the answer any more. */
  until?: Promise<unknown>
  /** For `timeout`: how long the router waits, 30 s by default. */
  delayMs?: number
  /** Seconds, sent with a 429 or 503. */
  retryAfter?: number
  /** For 500, 503 and `hang`: the effect happens, only the answer is an error or never comes. */
  afterEffect?: boolean
}

interface Planned {
  fault: Fault
  left: number
}

/** Faults to come. Each fires once, at its nth matching call counted from when it was added, or always. */
export class FaultPlan {
  #planned: Planned[] = []
  readonly #fired: Fault[] = []

  add(fault: Fault): this {
    this.#planned.push({fault, left: fault.nth ?? 1})
    return this
  }

  clear(): void {
    this.#planned = []
  }

  get fired(): readonly Fault[] {
    return this.#fired
  }

  get pending(): readonly Fault[] {
    return this.#planned.map(({fault}) => fault)
  }

  /** The faults that hit this call. A second factor that was not given is asked for again by the next. */
  take(method: string, path: string, hasSecondFactor: boolean): Fault[] {
    const matching = this.#planned.filter(({fault}) => fault.method === method && fault.path.test(path))
    for (const planned of matching) planned.left -= 1
    const due = matching.filter(({fault, left}) => fault.always === true || left <= 0)
    const asking = (fault: Fault) => fault.kind === 'two_factor' && !hasSecondFactor
    const stays = (planned: Planned) => planned.fault.always === true || asking(planned.fault)
    this.#planned = this.#planned.filter((planned) => !due.includes(planned) || stays(planned))
    const faults = due.map(({fault}) => fault).filter((fault) => fault.kind !== 'two_factor' || asking(fault))
    this.#fired.push(...faults)
    return faults
  }
}

/** Ids as the reference's table of error responses has them; wordings that are not public are the table's descriptions. */
const ANSWERS = {
  400: ['bad_request', 'Request invalid, validate usage and try again.'],
  401: ['unauthorized', unauthorized().message],
  402: ['delinquent', "The account's payment method must be confirmed to continue."],
  403: ['forbidden', 'You do not have access to this resource.'],
  404: ['not_found', "Couldn't find that resource."],
  406: ['not_acceptable', 'Set Accept: application/vnd.heroku+json; version=3 header and try again.'],
  409: ['conflict', 'The release was not found yet. Please try again.'],
  410: ['gone', 'Requested resource can no longer be found at this location.'],
  422: ['invalid_params', 'Request failed, validate parameters try again.'],
  429: ['rate_limit', rateLimited().message],
  500: ['internal_server_error', 'Internal server error.'],
  503: ['service_unavailable', 'Heroku API is temporarily unavailable.'],
} as const

const SUSPENDED = 'Request not authorized, account or application was suspended.'

/** The error answer of a fault that has one. */
export function answerOf({kind, retryAfter}: Fault): ApiError | undefined {
  const headers: Record<string, string> = retryAfter === undefined ? {} : {'Retry-After': String(retryAfter)}
  if (kind === 429) return rateLimited({...headers, 'RateLimit-Remaining': '0'})
  if (kind === 'suspended') return new ApiError(403, 'suspended', SUSPENDED)
  if (typeof kind === 'string') return undefined
  const [id, message] = ANSWERS[kind]
  return new ApiError(kind, id, message, {headers})
}
