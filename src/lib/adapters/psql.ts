import {spawn} from 'node:child_process'
import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

import {refused} from '../ports/errors.js'
import type {ConnectionParts} from '../postgres/connection-url.js'
import {libpqEnvironment} from './libpq.js'

/** psql with full verification. */
export async function runPsql(
  parts: ConnectionParts,
  authorities: readonly string[],
  command?: string,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'heroku-rds-'))
  const caFile = join(folder, 'authorities.pem')
  try {
    await writeFile(caFile, authorities.join('\n'), {mode: 0o600})
    const env = libpqEnvironment(parts, {
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: caFile,
      PGAPPNAME: 'heroku rds:psql',
    })
    const args = command === undefined ? [] : ['--command', command]
    return await new Promise<number>((resolve, reject) => {
      const child = spawn('psql', args, {env, stdio: 'inherit'})
      child.on('error', () =>
        reject(
          refused(
            'no_psql',
            'psql is not installed on this machine',
            'brew install libpq, or apt-get install postgresql-client',
          ),
        ),
      )
      child.on('exit', (code) => resolve(code ?? 1))
    })
  } finally {
    await rm(folder, {recursive: true, force: true})
  }
}
