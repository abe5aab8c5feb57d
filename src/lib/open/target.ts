import {authoritiesFor} from '../adapters/certificates.js'
import {type ConnectionParts, parseConnectionUrl} from '../postgres/connection-url.js'
import {openDatabase} from '../adapters/postgres.js'
import {runPsql} from '../adapters/psql.js'
import {isSilence} from '../adapters/rds-errors.js'
import {rdsOf} from '../adapters/rds.js'
import {readMigration} from '../journal/journal.js'
import type {Options, Closable} from './options.js'
import {refused, wrongUsage} from '../ports/errors.js'
import type {RdsInstance} from '../ports/ports.js'
import {Secret} from '../ports/secret.js'

export const TARGET_URL_VAR = 'RDS_DATABASE_URL'

/** The target, as the environment names it. */
async function targetOf(
  options: Options,
  named: string | undefined,
): Promise<{db: Closable; parts: ConnectionParts; authorities: string[]} | undefined> {
  const value = process.env[TARGET_URL_VAR]
  if (!value) return undefined
  const parts = parseConnectionUrl(new Secret(value), TARGET_URL_VAR)
  if (named) await assertEndpoint(options, named, parts)
  const authorities = await authoritiesFor(parts, TARGET_URL_VAR)
  return {
    db: openDatabase('target', parts, {mode: 'verified', authorities}, {reading: options.reading ?? false}),
    parts,
    authorities,
  }
}

/** A command that only reads asks AWS again, and tells what it could not learn. */
async function assertEndpoint({region, reading}: Options, named: string, {host}: ConnectionParts): Promise<void> {
  let instance: RdsInstance
  try {
    instance = await rdsOf(region).describe(named)
  } catch (error) {
    if (reading && isSilence(error)) return
    throw error
  }
  if (!instance.endpoint) {
    throw refused('no_endpoint', `${named} is ${instance.status} and has no endpoint yet`, 'wait until it is available')
  }
  if (instance.endpoint.host.toLowerCase() !== host.toLowerCase()) {
    throw wrongUsage(
      'target_mismatch',
      `${TARGET_URL_VAR} leads to ${host}, the endpoint of ${named} is ${instance.endpoint.host}`,
      `name that endpoint in ${TARGET_URL_VAR}, or its instance or cluster with --target`,
    )
  }
}

export const noTarget = () =>
  wrongUsage(
    'no_target',
    'no target is named',
    `export ${TARGET_URL_VAR}=postgres://user:password@host:5432/database with the credential that the app will use on RDS`,
  )

/**
 * The target and what its journal says it is the target of. `named` is what the operator calls it now: a name that is remembered was
 * held against the endpoint when it was given, and the way back must not need a login at AWS.
 */
export async function openTarget(options: Options, named: string | undefined, open: Closable[]) {
  const target = await targetOf(options, named)
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
  const target = await targetOf(options, options.target)
  if (!target) throw noTarget()
  await target.db.close()
  return runPsql(target.parts, target.authorities, options.command)
}
