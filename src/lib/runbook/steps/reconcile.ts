import {failed} from '../../ports/errors.js'
import {lateSequences, moveSequences, sequencePositions} from '../../verify/sequences.js'
import {refreshDerived} from '../derived.js'
import {never, type Step} from '../step.js'

/** What rows leave behind: sequence positions, and whatever of materialized views and statistics was not seen to before the window. */
export const reconcile: Step = {
  id: 'reconcile',
  title: 'Reconcile sequences, materialized views and statistics',
  window: 'inside',
  undo: 'nothing',
  done: never,

  async run(migration) {
    const {source, target} = migration
    const positions = await sequencePositions(source)
    await moveSequences(target, positions)
    const wrong = lateSequences(positions, await sequencePositions(target))
    if (wrong.length > 0) throw failed('sequences_differ', wrong.join('; '))
    const views = await refreshDerived(migration, 'missing')
    return `${positions.length} sequences at the source's position, ${views} materialized views refreshed`
  },
}
