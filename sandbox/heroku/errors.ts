/** An error answer of the Platform API: status, `id` and `message`, in Heroku's wording. */
export class ApiError extends Error {
  readonly status: number
  readonly id: string
  readonly headers: Record<string, string>

  constructor(status: number, id: string, message: string, headers: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.id = id
    this.headers = headers
  }
}

export const notFound = (thing: string) => new ApiError(404, 'not_found', `Couldn't find that ${thing}.`)
export const invalid = (message: string) => new ApiError(422, 'invalid_params', message)
export const forbidden = (app: string) => new ApiError(403, 'forbidden', `You do not have access to the app ${app}.`)

export const noEndpoint = () =>
  new ApiError(
    404,
    'not_found',
    'The requested API endpoint was not found. Are you using the right HTTP verb (i.e. `GET` vs. `POST`), ' +
      'and did you specify your intended version with the `Accept` header?',
  )
