import {passFence} from '../fence/fence.js'
import {allEnded} from '../flow/all-ended.js'
import {noteOf} from '../journal/notes.js'
import {everyAnswer, type Question} from '../postgres/answers.js'
import {appSearchPath} from '../postgres/app-search-path.js'
import {refusing} from '../postgres/refusal.js'
import {askTables, type Listed, namesOf} from '../postgres/tables.js'
import {MATERIALIZED_VIEWS, type MaterializedView} from '../verify/materialized-views.js'
import type {Migration} from './migration.js'

/** `missing`: only what has not been done. */
type Scope = 'all' | 'missing'

/** What both databases derive from rows. */
export interface Derived {
  here: readonly MaterializedView[]
  there: readonly MaterializedView[]
  parents: readonly Listed[]
}

/** Tables with partitions or heirs on the target: autovacuum never analyzes one for their rows. */
export const parentsIn = (scope: Scope): Question<Listed[]> => {
  const analyzed = `exists (
    select from pg_stats s
    where s.schemaname = n.nspname and s.tablename = c.relname and s.inherited)`
  return askTables({
    columns: '',
    where: `c.relhassubclass and not c.relispartition ${scope === 'all' ? '' : `and not ${analyzed}`}`,
  })
}

/** Asks for it, and refreshes it. */
export async function refreshDerived(migration: Migration, scope: Scope = 'all'): Promise<number> {
  const [{here}, there] = await allEnded([
    everyAnswer<Pick<Derived, 'here'>>(migration.source, {here: MATERIALIZED_VIEWS}),
    everyAnswer<Omit<Derived, 'here'>>(migration.target, {there: MATERIALIZED_VIEWS, parents: parentsIn(scope)}),
  ])
  return refresh(migration, {here, ...there}, scope)
}

/**
 * Fills the materialized views that are filled on the source, and analyzes what autovacuum never does. Returns how many views.
 */
export async function refresh(migration: Migration, {here, there, parents}: Derived, scope: Scope): Promise<number> {
  const populated = new Set(here.filter((view) => view.populated).map(({name}) => name))
  const views = there
    .filter((view) => populated.has(view.name) && (scope === 'all' || !view.populated))
    .map(({name}) => name)
  const analyzed = [...views, ...namesOf(parents)]
  if (analyzed.length === 0) return 0
  const fencePass = await noteOf(migration, 'fenceKey')
  const path = await appSearchPath(migration.source)
  await migration.target.transaction(
    async (session) => {
      if (fencePass !== undefined) await passFence(session, fencePass)
      for (const name of views) {
        await session
          .query(`refresh materialized view ${name}`)
          .catch(
            refusing(
              `materialized view ${name} could not be refreshed on the target`,
              `try it on the source: where it fails there too, correct the view or the rows it reads`,
              `or empty it on the source (refresh … with no data), and it stays empty`,
            ),
          )
      }
      session.lastly(`analyze ${analyzed.join(', ')}`)
    },
    {path},
  )
  return views.length
}
