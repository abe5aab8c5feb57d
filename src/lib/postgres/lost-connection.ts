import {messageOf, RdsError} from '../ports/errors.js'
import {codeOf, TOO_MANY_CONNECTIONS} from './sqlstate.js'

/** Class 08, and of class 57 what ends sessions or keeps them from beginning: admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout. */
const SERVER_WENT = /^(08...|57P0[1235])$/

/** What the operating system and Node say of a socket, and the resolver of a host. */
const SOCKET_WENT = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
])

/** What pg throws without a code. */
const CLIENT_SAYS =
  /connection (terminated|error|ended|closed|timeout)|establishing an SSL connection|timeout (exceeded|expired)|not queryable/i

/** A connection broke, or could not be had: nothing is wrong with the work itself, and it can be tried again. */
export function isLostConnection(error: unknown): boolean {
  if (error instanceof RdsError) return error.code.endsWith('_unreachable')
  const code = codeOf(error)
  return (
    SERVER_WENT.test(code) ||
    SOCKET_WENT.has(code) ||
    code === TOO_MANY_CONNECTIONS ||
    CLIENT_SAYS.test(messageOf(error))
  )
}
