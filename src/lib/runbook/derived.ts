import {passFence} from '../fence/fence.js'
import {noteOf} from '../journal/notes.js'
import type {Queryable, Session} from '../ports/ports.js'
import {identifier, USER_SCHEMA} from '../postgres/catalog.js'
import type {Migration} from './migration.js'
import {materializedViews} from '../verify/materialized-views.js'

/**
 * Fills the materialized views that are filled on the source, and analyzes what autovacuum never does. Returns how many
 * views. `missing`: only what has not been done.
 */
export async function refreshDerived(migration: Migration, scope: 'all' | 'missing' = 'all'): Promise<number> {
  const {source, target} = migration
  const key = await noteOf(migration, 'fenceKey')
  const populated = new Set((await materializedViews(source)).filter((view) => view.populated).map(({name}) => name))
  const views = (await materializedViews(target)).filter(
    (view) => populated.has(view.name) && (scope === 'all' || !view.populated),
  )
  await target.transaction(async (session) => {
    if (key !== undefined) await passFence(session, key)
    for (const {name} of views) await session.query(`refresh materialized view ${name}`)
    for (const {name} of views) await session.query(`analyze ${name}`)
    await analyzeParents(session, scope)
  })
  return views.length
}

/** Autovacuum never analyzes a table for the rows of its partitions and heirs. */
async function analyzeParents(session: Session, scope: 'all' | 'missing'): Promise<void> {
  for (const name of await parents(session, scope)) await session.query(`analyze ${name}`)
}

async function parents(target: Queryable, scope: 'all' | 'missing'): Promise<string[]> {
  const rows = await target.query<{schema: string; name: string}>(`
    select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and c.relhassubclass and not c.relispartition and ${USER_SCHEMA}
      ${scope === 'all' ? '' : `and not exists (select from pg_stats s where s.schemaname = n.nspname and s.tablename = c.relname and s.inherited)`}`)
  return rows.map(({schema, name}) => identifier(schema, name))
}
