/** What an error answer has besides `id` and `message`. */
export interface ErrorExtras {
  headers?: Record<string, string>
  /** Further fields of the body. */
  fields?: Record<string, unknown>
}

/**
 * An error answer of the Platform API: status, `id` and `message`, in Heroku's wording where that is public. `url` is
 * sent only where Heroku has something to say about it (Platform API reference, "Error attributes").
 */
export class ApiError extends Error {
  readonly status: number
  readonly id: string
  readonly headers: Record<string, string>
  readonly fields: Record<string, unknown>

  constructor(status: number, id: string, message: string, {headers = {}, fields = {}}: ErrorExtras = {}) {
    super(message)
    this.status = status
    this.id = id
    this.headers = headers
    this.fields = fields
  }
}

const REFERENCE = 'https://devcenter.heroku.com/articles/platform-api-reference'

/** 404; the CLI's resolvers compare `resource` with `add_on` and `add_on attachment`. */
export const notFound = (thing: string) =>
  new ApiError(404, 'not_found', `Couldn't find that ${thing}.`, {
    fields: {resource: thing.replace('add on', 'add_on')},
  })

export const invalid = (message: string) => new ApiError(422, 'invalid_params', message)

/** Wording of Heroku's own request validation (interagent/committee). */
export const missing = (...params: string[]) => invalid(`Require params: ${params.join(', ')}.`)
export const wrongType = (param: string, value: unknown, type: string) =>
  invalid(`Invalid type for key "${param}": expected ${JSON.stringify(value)} to be ["${type}"].`)

export const conflict = (message: string) => new ApiError(409, 'conflict', message)
export const forbidden = (app: string) => new ApiError(403, 'forbidden', `You do not have access to the app ${app}.`)

/** Also what a token answers that has ended: SSO gives no other words (heroku/heroku-builds#79). */
export const unauthorized = (message = 'Invalid credentials provided.') => new ApiError(401, 'unauthorized', message)

export const noCredentials = () =>
  unauthorized(
    'There were no credentials in your `Authorization` header. Try `Authorization: Bearer <OAuth access token>` ' +
      'or `Authorization: Basic <base64-encoded email + ":" + password>`.',
  )

/** The reference promises no Retry-After, and Heroku's own throttle (rate_throttle_client) reads none. */
export const rateLimited = (headers: Record<string, string> = {}) =>
  new ApiError(
    429,
    'rate_limit',
    'Your account reached the API rate limit\nPlease wait a few minutes before making new requests',
    {headers, fields: {url: `${REFERENCE}#rate-limits`}},
  )

/** `app` lets the CLI ask for a pre-authorization instead of a code for each request. */
export const twoFactor = (app?: {id: string; name: string}) =>
  new ApiError(
    403,
    'two_factor',
    'A second authentication factor or pre-authorization is required for this request. ' +
      'Your account has either two-factor or a Yubikey registered.',
    {fields: {url: 'https://devcenter.heroku.com/articles/two-factor-authentication', ...(app ? {app} : {})}},
  )

/** The id is the reference's; the wording is not public. */
export const badRange = () =>
  new ApiError(
    416,
    'requested_range_not_satisfiable',
    'Invalid `Range` header. Please use format like `id ..; max=200`.',
  )

export const noEndpoint = () =>
  new ApiError(
    404,
    'not_found',
    'The requested API endpoint was not found. Are you using the right HTTP verb (i.e. `GET` vs. `POST`), ' +
      'and did you specify your intended version with the `Accept` header?',
  )
