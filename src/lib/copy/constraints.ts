import type {Database} from '../ports/ports.js'
import {inBuildingSession} from './build-indexes.js'
import {capacityOf} from '../postgres/capacity.js'
import {ALREADY_THERE, execute} from './execute.js'
import {enforceForeignKeys, validateForeignKeys} from './foreign-keys.js'
import type {PostData} from './post-data.js'

type Sides = {source: Database; target: Database}

/**
 * Everything after rows and indexes: constraints, triggers, rules, policies, and foreign keys at the end, when nothing is
 * missing that they point to. What is there already is passed over. The foreign keys are enforced, but not yet validated.
 */
export async function attachConstraints(
  sides: Sides,
  {rest, foreignKeys, last}: PostData,
  signal: AbortSignal,
): Promise<{statements: number; foreignKeys: number}> {
  const {buildMemory} = await capacityOf({from: sides.source, to: sides.target})
  await inBuildingSession(sides.target, buildMemory, async (session) => {
    const inOrder = async (statements: PostData['rest']) => {
      for (const statement of statements) {
        signal.throwIfAborted()
        await execute(session, statement, ALREADY_THERE)
      }
    }
    await inOrder(rest)
    await enforceForeignKeys(sides, session, foreignKeys, signal)
    await inOrder(last)
  })
  return {statements: rest.length + last.length, foreignKeys: foreignKeys.length}
}

/** The same, with every foreign key validated. */
export async function copyConstraints(
  sides: Sides,
  data: PostData,
  signal: AbortSignal,
): Promise<{statements: number; foreignKeys: number}> {
  const attached = await attachConstraints(sides, data, signal)
  await validateForeignKeys(sides, data.foreignKeys, signal)
  return attached
}
