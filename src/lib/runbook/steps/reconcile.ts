import {failed} from '../../ports/errors.js'
import {lateSequences, moveSequences, sequencePositions} from '../../verify/sequences.js'
import {refreshDerived} from '../derived.js'
import {never, type Step} from '../step.js'

/** Sequence positions, and the materialized views and statistics that were not brought up to date before the window. */
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
