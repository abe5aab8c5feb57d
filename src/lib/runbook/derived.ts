import {passFence} from '../fence/fence.js'
import {noteOf} from '../journal/notes.js'
import type {Queryable, Session} from '../ports/ports.js'
import {appSearchPath} from '../postgres/app-search-path.js'
import {listTables, type TableName} from '../postgres/tables.js'
import type {Migration} from './migration.js'
import {refusing} from '../postgres/refusal.js'
import {materializedViews} from '../verify/materialized-views.js'

/**
 * Fills the materialized views that are filled on the source, and analyzes what autovacuum never does. Returns how many
 * views. `missing`: only what has not been done.
 */
export async function refreshDerived(migration: Migration, scope: 'all' | 'missing' = 'all'): Promise<number> {
  const {source, target} = migration
  const fencePass = await noteOf(migration, 'fenceKey')
  const populated = new Set((await materializedViews(source)).filter((view) => view.populated).map(({name}) => name))
  const views = (await materializedViews(target)).filter(
    (view) => populated.has(view.name) && (scope === 'all' || !view.populated),
  )
  const path = await appSearchPath(source)
  const refresh = async (session: Session) => {
    if (fencePass !== undefined) await passFence(session, fencePass)
    for (const {name} of views) {
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
    for (const {name} of views) await session.query(`analyze ${name}`)
    await analyzeParents(session, scope)
  }
  await target.transaction(refresh, {path})
  return views.length
}

/** Autovacuum never analyzes a table for the rows of its partitions and heirs. */
async function analyzeParents(session: Session, scope: 'all' | 'missing'): Promise<void> {
  for (const name of await parents(session, scope)) await session.query(`analyze ${name}`)
}

async function parents(target: Queryable, scope: 'all' | 'missing'): Promise<TableName[]> {
  const analyzed = `exists (
    select from pg_stats s
    where s.schemaname = n.nspname and s.tablename = c.relname and s.inherited)`
  const tables = await listTables(target, {
    columns: '',
    where: `c.relhassubclass and not c.relispartition ${scope === 'all' ? '' : `and not ${analyzed}`}`,
  })
  return tables.map(({name}) => name)
}
