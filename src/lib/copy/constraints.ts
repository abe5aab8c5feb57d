import type {Database} from '../ports/ports.js'
import {inBuildingSession} from './build-indexes.js'
import {failed, messageOf} from '../ports/errors.js'
import {isLostConnection} from '../postgres/lost-connection.js'
import {isLockConflict} from '../postgres/table-lock.js'
import {capacityOf} from '../postgres/capacity.js'
import {ALREADY_THERE, execute} from './execute.js'
import type {Check} from './set-aside.js'
import {enforceForeignKeys, validateForeignKeys} from './foreign-keys.js'
import type {PostData} from './post-data.js'

type Sides = {source: Database; target: Database}

/**
 * Everything after rows and indexes: constraints, triggers, rules, policies, checks that had to wait, and foreign keys at the end, when nothing is
 * missing that they point to. What is there already is passed over. Checks and foreign keys are enforced, but not yet validated.
 */
export async function attachConstraints(
  sides: Sides,
  {rest, foreignKeys, checks, last}: PostData,
  signal: AbortSignal,
): Promise<{statements: number; foreignKeys: number}> {
  const {buildMemory} = await capacityOf({from: sides.source, to: sides.target})
  await inBuildingSession(sides, buildMemory, async (session) => {
    const inOrder = async (statements: PostData['rest']) => {
      for (const statement of statements) {
        signal.throwIfAborted()
        await execute(session, statement, ALREADY_THERE)
      }
    }
    await inOrder(rest)
    for (const {add} of checks) await execute(session, {sql: add, words: [add]}, ALREADY_THERE)
    await enforceForeignKeys(sides, session, foreignKeys, signal)
    await inOrder(last)
  })
  return {statements: rest.length + checks.length + last.length, foreignKeys: foreignKeys.length}
}

/** The same, with every check and foreign key validated. */
export async function copyConstraints(
  sides: Sides,
  data: PostData,
  signal: AbortSignal,
): Promise<{statements: number; foreignKeys: number}> {
  const attached = await attachConstraints(sides, data, signal)
  await validateChecks(sides, data.checks, signal)
  await validateForeignKeys(sides, data.foreignKeys, signal)
  return attached
}

/**
 * Looks whether the rows that are there meet the checks. Of a table that blocks neither readers nor writers; of a domain, before Postgres
 * 18, it blocks writers of its tables meanwhile.
 */
export async function validateChecks(sides: Sides, checks: readonly Check[], signal: AbortSignal): Promise<void> {
  if (checks.length === 0) return
  const {buildMemory} = await capacityOf({from: sides.source, to: sides.target})
  await inBuildingSession(sides, buildMemory, async (session) => {
    for (const {on, name} of checks) {
      signal.throwIfAborted()
      await session.query(`alter ${on} validate constraint ${name}`).catch((error: unknown) => {
        throw isLostConnection(error) || isLockConflict(error) ? error : checkViolated(on, name, error)
      })
    }
  })
}

const checkViolated = (on: string, name: string, error: unknown) =>
  failed(
    'check_violated',
    `rows of the source do not meet the check ${name} of ${on}: ${messageOf(error)}`,
    'correct these rows on the source',
    'or drop the constraint there and add it again NOT VALID',
  )
