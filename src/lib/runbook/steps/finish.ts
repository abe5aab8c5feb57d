import {takeOffSource, takeOffTarget} from '../take-off.js'
import {never, type Step} from '../step.js'

/**
 * Ends the hold. The source keeps its read-only default: a session that still connects to it is refused its writes, unless it overrides
 * that default. The way back is gone with the fences and the logs.
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
    await takeOffSource(source, migration)
    return 'nothing of this plugin is left but its journal; the source refuses writes by default_transaction_read_only'
  },
}
