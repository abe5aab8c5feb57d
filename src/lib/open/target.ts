import {authoritiesFor} from '../adapters/certificates.js'
import {type ConnectionParts, parseConnectionUrl} from '../postgres/connection-url.js'
import {openDatabase} from '../adapters/postgres.js'
import {runPsql} from '../adapters/psql.js'
import {rdsOf} from '../adapters/rds.js'
import {readMigration} from '../journal/journal.js'
import type {Options, Closable} from './options.js'
import {refused, wrongUsage} from '../ports/errors.js'
import {Secret} from '../ports/secret.js'

export const TARGET_URL_VAR = 'RDS_DATABASE_URL'

/** The target, as the environment names it. */
async function targetOf(
  options: Options,
): Promise<{db: Closable; parts: ConnectionParts; authorities: string[]} | undefined> {
  const value = process.env[TARGET_URL_VAR]
  if (!value) return undefined
  const parts = parseConnectionUrl(new Secret(value), TARGET_URL_VAR)
  if (options.target) {
    const {endpoint} = await rdsOf(options.region).describe(options.target)
    if (endpoint && endpoint.host !== parts.host) {
      throw wrongUsage(
        'target_mismatch',
        `${TARGET_URL_VAR} leads to ${parts.host}, the endpoint of ${options.target} is ${endpoint.host}`,
      )
    }
  }
  const authorities = await authoritiesFor(parts, TARGET_URL_VAR)
  return {
    db: openDatabase('target', parts, {mode: 'verified', authorities}, {reading: options.reading ?? false}),
    parts,
    authorities,
  }
}

export const noTarget = () =>
  wrongUsage(
    'no_target',
    'no target is named',
    `export ${TARGET_URL_VAR}=postgres://user:password@host:5432/database with the credential that the app will use on RDS`,
  )

/** The target and what its journal says it is the target of. */
export async function openTarget(options: Options, open: Closable[]) {
  const target = await targetOf(options)
  if (!target) return {}
  open.push(target.db)
  const record = await readMigration(target.db)
  if (record && record.app !== options.app) {
    throw refused(
      'other_migration',
      `the target belongs to the migration of ${record.app}`,
      'name the target of this app',
    )
  }
  return {target, record}
}

/** Runs psql on the target with the credential by environment, and returns its exit code. */
export async function psqlOnTarget(options: Options & {command?: string | undefined}): Promise<number> {
  const target = await targetOf(options)
  if (!target) throw noTarget()
  await target.db.close()
  return runPsql(target.parts, target.authorities, options.command)
}
