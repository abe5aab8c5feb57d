import {ApiError} from './errors.js'

export type FaultKind = 'delay' | 403 | 404 | 409 | 429 | 500 | 503 | 'reset-before' | 'reset-after'

export interface Fault {
  method: string
  path: RegExp
  /** Which matching call from now on; 1 by default. */
  nth?: number
  /** Every matching call, from now until `clear`. */
  always?: true
  kind: FaultKind
  delayMs?: number
  /** Seconds, sent with a 429 or 503. */
  retryAfter?: number
  /** For 500 and 503: the effect happens, only the answer is an error. */
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

  /** The faults that hit this call. */
  take(method: string, path: string): Fault[] {
    const matching = this.#planned.filter(({fault}) => fault.method === method && fault.path.test(path))
    for (const planned of matching) planned.left -= 1
    const due = matching.filter(({fault, left}) => fault.always === true || left === 0)
    this.#planned = this.#planned.filter((planned) => planned.fault.always === true || !due.includes(planned))
    const faults = due.map(({fault}) => fault)
    this.#fired.push(...faults)
    return faults
  }
}

const ANSWERS = {
  403: ['forbidden', 'You do not have access to this resource.'],
  404: ['not_found', "Couldn't find that resource."],
  409: ['conflict', 'The release was not found yet. Please try again.'],
  429: ['rate_limit', 'Your account reached the API rate limit. Please wait a few minutes before making new requests.'],
  500: ['internal_server_error', 'Internal server error.'],
  503: ['service_unavailable', 'Heroku API is temporarily unavailable.'],
} as const

/** The error answer of a fault that has one. */
export function answerOf({kind, retryAfter}: Fault): ApiError | undefined {
  if (typeof kind === 'string') return undefined
  const [id, message] = ANSWERS[kind]
  return new ApiError(kind, id, message, retryAfter === undefined ? {} : {'Retry-After': String(retryAfter)})
}
