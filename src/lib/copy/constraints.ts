import type {Database} from '../ports/ports.js'
import {allEnded} from '../flow/all-ended.js'
import {appSearchPath} from '../postgres/app-search-path.js'
import {buildingMessage, inBuildingSession} from './build-indexes.js'
import {failed, messageOf} from '../ports/errors.js'
import {isLostConnection} from '../postgres/lost-connection.js'
import {isLockConflict} from '../postgres/table-lock.js'
import {capacityOf} from '../postgres/capacity.js'
import {ALREADY_THERE, executeAll} from './execute.js'
import {addCheck, type Check} from './set-aside.js'
import {addPartitioned, enforcing, validateForeignKeys} from './foreign-keys.js'
import type {PostData} from './post-data.js'
import type {Statement} from './sql-lexer.js'

type Sides = {source: Database; target: Database}

/**
 * Everything after rows and indexes: constraints, triggers, rules, policies, checks that had to wait, and foreign keys at the end, when
 * nothing is missing that they point to. What is there already is passed over. Checks and foreign keys are enforced, but not yet validated.
 */
export async function attachConstraints(
  sides: Sides,
  {rest, foreignKeys, checks, last}: PostData,
  signal: AbortSignal,
): Promise<{statements: number; foreignKeys: number}> {
  const [{buildMemory}, path] = await allEnded([
    capacityOf({from: sides.source, to: sides.target}),
    appSearchPath(sides.source),
  ])
  const isSetting = ({words}: Statement) => words[0] === 'SET'
  // What the script sets for its session goes ahead of each message, and ends with it.
  const settings = rest.filter(isSetting).map(({sql}) => sql.replace(/^\s*SET/i, 'set local'))
  const how = {allowed: ALREADY_THERE, signal, guard: [buildingMessage(buildMemory, path), ...settings].join(';')}
  const [plain, partitioned] = enforcing(foreignKeys)
  const upToKeys = [...rest.filter((statement) => !isSetting(statement)), ...checks.map(addCheck), ...plain]
  await executeAll(sides.target, partitioned.length > 0 ? upToKeys : [...upToKeys, ...last], how)
  if (partitioned.length > 0) {
    await addPartitioned(sides, partitioned, how)
    await executeAll(sides.target, last, how)
  }
  return {statements: rest.length + checks.length + last.length, foreignKeys: foreignKeys.length}
}

/** The same, with every check and foreign key validated. */
export async function copyConstraints(
  sides: Sides,
  data: PostData,
  signal: AbortSignal,
): Promise<{statements: number; foreignKeys: number}> {
  const attached = await attachConstraints(sides, data, signal)
  const [unmet] = await validateChecks(sides, data.checks, signal)
  if (unmet) throw checkViolated(unmet)
  await validateForeignKeys(sides, data.foreignKeys, {signal, nobodyWaits: true})
  return attached
}

/** A check that holds for new rows only, and why. */
export interface Unmet {
  check: Check
  error: unknown
}

/**
 * Looks whether the rows that are there meet the checks; returns those that are not validated. Of a table that blocks neither readers nor
 * writers; of a domain, before Postgres 18, it blocks writers of its tables, so it waits no longer than a second for them.
 */
export async function validateChecks(sides: Sides, checks: readonly Check[], signal: AbortSignal): Promise<Unmet[]> {
  if (checks.length === 0) return []
  const {buildMemory} = await capacityOf({from: sides.source, to: sides.target})
  const unmet: Unmet[] = []
  await inBuildingSession(sides, buildMemory, async (session) => {
    for (const check of checks) {
      signal.throwIfAborted()
      const {kind, on, name} = check
      await session
        .query(`set lock_timeout = '${kind === 'domain' ? 1 : 60}s'; alter ${kind} ${on} validate constraint ${name}`)
        .catch((error: unknown) => {
          if (isLostConnection(error)) throw error
          unmet.push({check, error})
        })
    }
  })
  return unmet
}

const checkViolated = ({check: {kind, on, name}, error}: Unmet) =>
  isLockConflict(error)
    ? error
    : failed(
        'check_violated',
        `rows of the source do not meet the check ${name} of ${kind} ${on}: ${messageOf(error)}`,
        'correct these rows on the source',
        'or drop the constraint there and add it again NOT VALID',
      )
