import {takeOffAllButFence, takeOffSource, takeOffTarget} from '../take-off.js'
import {isReadOnly} from './freeze-source.js'
import {never, type Step} from '../step.js'

/**
 * Ends the hold. The source keeps refusing writes: by its read-only default, which a session can override, or where the role could not set
 * that, by its fence. The way back is gone with the logs.
 */
export const finish: Step = {
  id: 'finish',
  title: 'Finish: remove everything of this plugin from both databases, except its journal',
  window: 'after',
  pointOfNoCheapReturn: true,
  undo: 'impossible',
  done: never,

  async run(migration) {
    const {source, target} = migration
    await takeOffTarget(target, migration)
    if (await isReadOnly(source)) {
      await takeOffSource(source, migration)
      return 'nothing of this plugin is left but its journal; the source refuses writes by default_transaction_read_only'
    }
    await takeOffAllButFence(source, migration)
    return 'nothing of this plugin is left but its journal and the fence on the source, which refuses every write until the database is destroyed, because default_transaction_read_only is not set there'
  },
}
