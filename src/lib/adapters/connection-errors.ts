import {messageOf, RdsError, refused} from '../ports/errors.js'
import {
  codeOf,
  CANNOT_CONNECT_NOW,
  INVALID_AUTHORIZATION,
  INVALID_CATALOG_NAME,
  INVALID_PASSWORD,
  TOO_MANY_CONNECTIONS,
} from '../postgres/sqlstate.js'

const REASONS: Record<string, (side: string, place: string) => [string, ...string[]]> = {
  [INVALID_PASSWORD]: (side, place) => [`${side} ${place} refused the password`, 'check the credentials'],
  [INVALID_AUTHORIZATION]: (side, place) => [
    `${side} ${place} refused this user or this network`,
    'check user, pg_hba rules and rds.force_ssl',
  ],
  [INVALID_CATALOG_NAME]: (side, place) => [`${side} ${place} does not exist`, 'check the name of the database'],
  [TOO_MANY_CONNECTIONS]: (side, place) => [
    `${side} ${place} has no connection left`,
    'free some, or lower the pool size of the app',
  ],
  [CANNOT_CONNECT_NOW]: (side, place) => [`${side} ${place} is starting up or shutting down`, 'try again in a minute'],
  ENOTFOUND: (side, place) => [`${side} ${place} cannot be found: no such host`, 'check the host name'],
  ECONNREFUSED: (side, place) => [
    `${side} ${place} refuses connections`,
    'check host and port, and that the server runs',
  ],
  ETIMEDOUT: (side, place) => [
    `${side} ${place} does not answer`,
    'check the security group, and that it is publicly accessible',
  ],
  ERR_TLS_CERT_ALTNAME_INVALID: (side, place) => [
    `the certificate of ${side} ${place} is for another host`,
    'use the endpoint that AWS shows, not an alias or an address',
  ],
}

const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_HAS_EXPIRED',
])

/** Why a connection could not be made, in one sentence without credentials. */
export function connectionError(error: unknown, side: string, place: string): RdsError {
  if (error instanceof RdsError) return error
  const [code, message] = [codeOf(error), messageOf(error)]
  const reason = REASONS[/timeout/i.test(message) ? 'ETIMEDOUT' : code]
  const name = `the ${side}`
  if (reason) {
    const [sentence, ...remedies] = reason(name, place)
    return refused(`${side}_unreachable`, sentence, ...remedies)
  }
  if (UNTRUSTED.has(code)) {
    return refused(
      `${side}_untrusted`,
      `the certificate of ${name} ${place} is not signed by a trusted authority (${code})`,
      'when its authority is not that of RDS, add sslrootcert=FILE to the URL',
    )
  }
  return refused(`${side}_unreachable`, `${name} ${place} cannot be used: ${message || code}`)
}
