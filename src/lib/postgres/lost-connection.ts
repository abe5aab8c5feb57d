import {RdsError} from '../ports/errors.js'

/** admin_shutdown, crash_shutdown, cannot_connect_now, and everything of class 08. */
const SERVER_WENT = /^(57P0[123]|08...)$/
const SOCKET_WENT = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNREFUSED', 'ERR_STREAM_PREMATURE_CLOSE'])

/** A connection broke, or could not be had: the work itself has nothing wrong with it and can be tried again. */
export function isLostConnection(error: unknown): boolean {
  if (error instanceof RdsError) return error.code.endsWith('_unreachable')
  const {code = '', message = ''} = error as {code?: string; message?: string}
  return (
    SERVER_WENT.test(code) ||
    SOCKET_WENT.has(code) ||
    /connection (terminated|error|ended)|not queryable/i.test(message)
  )
}
