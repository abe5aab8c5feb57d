import {failed, messageOf, RdsError, refused} from '../ports/errors.js'

/** What the CLI's client throws. */
export interface HerokuError extends Error {
  http?: {statusCode?: number; headers?: Record<string, string | undefined>}
  body?: {id?: string; message?: string}
  code?: string
}

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

/** 429, 5xx and lost answers pass; everything else is an answer. */
export const passes = (error: unknown): boolean => statusOf(error) === 429 || statusOf(error) >= 500 || isLost(error)

/** The same for an operator: what Heroku said, and what to do about it. */
export function explained(error: unknown, {method, path}: {method: string; path: string}): Error {
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
