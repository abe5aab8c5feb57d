import {createFence, fenceState, fenceTables, removeFence, unfencedTables} from '../../freeze/fence.js'
import type {Step} from '../step.js'

/** Up beforehand and doing nothing, so that freezing is the replacement of one function. */
export const installFence: Step = {
  id: 'install-fence',
  title: 'Put up the fence on the source, lowered',
  window: 'before',

  async undo(migration) {
    if ((await fenceState(migration.source)) !== 'absent') await removeFence(migration.source, migration)
  },

  async done({source}) {
    return (await fenceState(source)) !== 'absent' && (await unfencedTables(source)).length === 0
  },

  async run(migration) {
    if ((await fenceState(migration.source)) === 'absent') await createFence(migration.source)
    const tables = await fenceTables(migration.source, migration)
    return `${tables} tables fenced; writes pass until the freeze`
  },
}
