import {allEnded} from '../../flow/all-ended.js'
import {failed} from '../../ports/errors.js'
import {everyAnswer} from '../../postgres/answers.js'
import {MATERIALIZED_VIEWS} from '../../verify/materialized-views.js'
import {lateSequences, moveSequences, POSITIONS} from '../../verify/sequences.js'
import {parentsIn, refresh} from '../derived.js'
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
    const [here, there] = await allEnded([
      everyAnswer(source, {positions: POSITIONS, views: MATERIALIZED_VIEWS}),
      everyAnswer(target, {positions: POSITIONS, views: MATERIALIZED_VIEWS, parents: parentsIn('missing')}),
    ])
    const reached = await moveSequences(target, here.positions, there.positions)
    const wrong = lateSequences(here.positions, reached)
    if (wrong.length > 0) throw failed('sequences_differ', wrong.join('; '))
    const derived = {here: here.views, there: there.views, parents: there.parents}
    const views = await refresh(migration, derived, 'missing')
    return `${here.positions.length} sequences at the source's position, ${views} materialized views refreshed`
  },
}
