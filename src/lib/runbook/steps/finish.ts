import {takeOffSource, takeOffTarget} from '../take-off.js'
import {never, type Step} from '../step.js'

/**
 * Ends the hold. The source stays as it is, with its read-only default on: whoever still has its URL is refused, unless he
 * overrides it. The way back is gone with the fences and the logs.
 */
export const finish: Step = {
  id: 'finish',
  title: 'Finish: take everything off both databases but the journal',
  window: 'after',
  pointOfNoCheapReturn: true,
  undo: 'impossible',
  done: never,

  async run(migration) {
    const {source, target} = migration
    await takeOffTarget(target, migration)
    await takeOffSource(source, migration)
    return 'nothing of this tool is left but its journal; the source refuses writes by its read-only default'
  },
}
