import {claimSource, dropClaim} from '../../fence/claim.js'
import {createFence, fenceState, fenceTables, removeFence, unfencedTables} from '../../fence/fence.js'
import type {Step} from '../step.js'

/** Up beforehand and doing nothing, so that freezing is the replacement of one function. */
export const installFence: Step = {
  id: 'install-fence',
  title: 'Put up the fence on the source, lowered',
  window: 'before',

  async undo(migration) {
    const {source, guard} = migration
    if ((await fenceState(source)) !== 'absent') await removeFence(source, migration, guard.source)
    await dropClaim(source, guard.source)
  },

  async done({source}) {
    return (await fenceState(source)) !== 'absent' && (await unfencedTables(source)).length === 0
  },

  async run(migration) {
    const {source, claim, guard} = migration
    await claimSource(source, claim)
    if ((await fenceState(source)) === 'absent') await createFence(source, undefined, guard.source)
    const tables = await fenceTables(source, migration, guard.source)
    return `${tables} tables fenced; writes pass until the freeze`
  },
}
