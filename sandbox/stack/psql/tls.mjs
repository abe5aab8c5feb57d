import {existsSync, readFileSync} from 'node:fs'
import {homedir} from 'node:os'
import {join} from 'node:path'

const systemStore = '/etc/ssl/certs/ca-certificates.crt'

/**
 * libpq's sslmode for node. Verified means against the root file alone: neither node's own list of authorities nor
 * NODE_EXTRA_CA_CERTS counts, as neither does for libpq.
 */
export function tlsFor(mode, rootFile, env) {
  const file =
    rootFile === 'system' ? (env.SSL_CERT_FILE ?? systemStore) : (rootFile ?? join(homedir(), '.postgresql/root.crt'))
  if (mode === 'verify-full' || mode === 'verify-ca') {
    if (!existsSync(file)) {
      throw new Error(
        `root certificate file "${file}" does not exist\n` +
          "Either provide the file, use the system's trusted roots with sslrootcert=system, " +
          'or change sslmode to disable server certificate verification.',
      )
    }

    return {ca: readFileSync(file, 'utf8'), ...(mode === 'verify-ca' ? {checkServerIdentity: () => undefined} : {})}
  }

  return {rejectUnauthorized: false}
}
