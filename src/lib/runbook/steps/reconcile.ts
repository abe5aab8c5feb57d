import {identifier, USER_SCHEMA} from '../../catalog.js'
import {failed} from '../../errors.js'
import {passFence} from '../../freeze/fence.js'
import type {Queryable} from '../../ports.js'
import {materializedViews} from '../../verify/materialized-views.js'
import {lateSequences, moveSequences, sequencePositions} from '../../verify/sequences.js'
import {requireNote} from '../notes.js'
import {never, type Step} from '../step.js'

/** What a copy of rows leaves behind: sequence positions, contents of materialized views, statistics of what is made of many tables. */
export const reconcile: Step = {
  id: 'reconcile',
  title: 'Reconcile sequences, materialized views and statistics',
  window: 'inside',
  undo: 'nothing',
  done: never,

  async run(migration) {
    const {source, target} = migration
    const key = await requireNote(migration, 'fenceKey')
    const positions = await sequencePositions(source)
    await moveSequences(target, positions)
    const wrong = lateSequences(positions, await sequencePositions(target))
    if (wrong.length > 0) throw failed('sequences_differ', wrong.join('; '))

    const populated = new Set((await materializedViews(source)).filter((view) => view.populated).map(({name}) => name))
    const views = (await materializedViews(target)).filter(({name}) => populated.has(name))
    await target.transaction(async (session) => {
      await passFence(session, key)
      for (const {name} of views) await session.query(`refresh materialized view ${name}`)
      for (const {name} of views) await session.query(`analyze ${name}`)
      for (const name of await parents(session)) await session.query(`analyze ${name}`)
    })
    return `${positions.length} sequences at the source's position, ${views.length} materialized views refreshed`
  },
}

/** Autovacuum never analyzes a table for the rows of its partitions and heirs. */
async function parents(target: Queryable): Promise<string[]> {
  const rows = await target.query<{schema: string; name: string}>(`
    select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and c.relhassubclass and not c.relispartition and ${USER_SCHEMA}`)
  return rows.map(({schema, name}) => identifier(schema, name))
}
