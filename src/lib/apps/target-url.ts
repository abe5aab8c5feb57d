import type {AppBefore} from './app.js'
import {Secret} from '../ports/secret.js'

/** Read by libpq (Ruby, Python, PHP, psql) and by Node; each ignores the other's. */
export const CA_COMPANIONS = ['PGSSLROOTCERT', 'NODE_EXTRA_CA_CERTS'] as const

/**
 * The value for the app's config var. Verification is always full; the CA's place is told by the companions, and in the
 * URL itself where the app already uses a companion for something else.
 */
export function urlForApp(targetUrl: Secret, caFile: string, companions: AppBefore['companions']): Secret {
  const inUrl = CA_COMPANIONS.some((name) => !(name in companions))
  const ca = inUrl ? `&sslrootcert=${encodeURIComponent(caFile)}` : ''
  return new Secret(`${targetUrl.reveal()}?sslmode=verify-full${ca}`)
}

/** What an app's config vars become at the switch: every moved URL and the companions, in one patch. */
export function configForTarget(app: AppBefore, targetUrl: Secret, caFile: string): Record<string, Secret> {
  if (app.moving.length === 0) return {}
  const url = urlForApp(targetUrl, caFile, app.companions)
  const urls = app.attachments.filter(({name}) => app.moving.includes(name)).flatMap(({configVars}) => configVars)
  return {
    ...Object.fromEntries(urls.map((name) => [name, url])),
    ...Object.fromEntries(Object.entries(app.companions).map(([name, {after}]) => [name, new Secret(after)])),
  }
}
