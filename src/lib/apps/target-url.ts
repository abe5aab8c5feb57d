import type {AppBefore} from './app.js'
import {Secret} from '../ports/secret.js'
import {connectionPartsOf, ownParameters, withParameters} from '../postgres/connection-url.js'

/** Read by libpq (Ruby, Python, PHP, psql) and by Node; each ignores the other's. */
export const CA_COMPANIONS = ['PGSSLROOTCERT', 'NODE_EXTRA_CA_CERTS'] as const

/**
 * The value for the app's config var: the target, with the parameters of its URL and those that the app gave its own. Verification is
 * always full; the CA's place is told by the companions, and in the URL itself where the app already uses a companion for something else.
 */
export function urlForApp(
  targetUrl: Secret,
  caFile: string,
  companions: AppBefore['companions'],
  before?: Secret,
): Secret {
  const inUrl = CA_COMPANIONS.some((name) => !(name in companions))
  const own = before && connectionPartsOf(before)
  return withParameters(inSchemeOf(before, targetUrl), [
    ...(own ? ownParameters(own.parameters) : []),
    ['sslmode', 'verify-full'],
    ...(inUrl ? [['sslrootcert', caFile] as const] : []),
  ])
}

/** SQLAlchemy takes `postgresql:` only, and the Heroku CLI `postgres:` only: an app's own copy of the URL has the one that it needs. */
const inSchemeOf = (before: Secret | undefined, url: Secret): Secret =>
  before?.reveal().startsWith('postgresql:') ? new Secret(url.reveal().replace(/^postgres:/, 'postgresql:')) : url

/**
 * What an app's config vars become at the switch: every moved URL and the companions, in one patch. `config`: as it is, from which a URL
 * keeps the parameters that the app gave it; once they lead to the target it gives the same again.
 */
export function configForTarget(
  app: Pick<AppBefore, 'companions' | 'moving'>,
  config: Record<string, Secret>,
  targetUrl: Secret,
  caFile: string,
): Record<string, Secret> {
  if (app.moving.length === 0) return {}
  return {
    ...Object.fromEntries(app.moving.map((name) => [name, urlForApp(targetUrl, caFile, app.companions, config[name])])),
    ...Object.fromEntries(Object.entries(app.companions).map(([name, {after}]) => [name, new Secret(after)])),
  }
}
