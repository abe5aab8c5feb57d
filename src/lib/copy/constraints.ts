import type {Database} from '../ports.js'
import {capacityOf} from './capacity.js'
import {prepareToBuild} from './build-indexes.js'
import {ALREADY_THERE, execute} from './execute.js'
import {addForeignKeys} from './foreign-keys.js'
import type {PostData} from './post-data.js'

/**
 * Everything after rows and indexes: constraints, triggers, rules, policies, and foreign keys at the end, when nothing is
 * missing that they point to. What an earlier, killed run created is passed over.
 */
export async function copyConstraints(
  {source, target}: {source: Database; target: Database},
  {rest, foreignKeys, last}: PostData,
  signal: AbortSignal,
): Promise<{statements: number; foreignKeys: number}> {
  const capacity = await capacityOf({source, target})
  const inOrder = (statements: PostData['rest']) =>
    target.session(
      async (session) => {
        await prepareToBuild(session, capacity.buildMemory)
        for (const statement of statements) {
          signal.throwIfAborted()
          await execute(session, statement, ALREADY_THERE)
        }
      },
      {disposable: true},
    )
  await inOrder(rest)
  await addForeignKeys({source, target}, foreignKeys, capacity, signal)
  await inOrder(last)
  return {statements: rest.length + last.length, foreignKeys: foreignKeys.length}
}
