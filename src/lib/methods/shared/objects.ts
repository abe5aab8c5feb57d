import type {Migration} from '../../runbook/migration.js'
import {refuseDifferences} from '../../runbook/steps/verify.js'
import {type Comes, inventoryDifferences} from '../../verify/inventory.js'
import type {CopyMode} from './copy.js'

/** Only the drain brings large objects, and their comments. */
export const BUT_LARGE_OBJECTS: readonly Comes[] = ['with large objects']

/** What a target that follows has: nothing that acts on rows. */
export const BUT_DETACHED: readonly Comes[] = [...BUT_LARGE_OBJECTS, 'in the window']

const REMEDY: Record<CopyMode, string> = {
  captured: 'heroku rds:start --refresh-schema follows a change of the source; heroku rds:psql reaches the target',
  frozen: 'run the same command again',
  replicated:
    'make the target like the source with heroku rds:psql, or give this migration up with heroku rds:start --abandon and start again',
}

/** Ends the run where an object of the source is missing on the target, or is another one there; `but`: what comes later. */
export async function refuseOtherObjects(
  {source, target}: Pick<Migration, 'source' | 'target'>,
  mode: CopyMode,
  but: readonly Comes[],
): Promise<void> {
  refuseDifferences(await inventoryDifferences({from: source, to: target}, but), REMEDY[mode])
}
