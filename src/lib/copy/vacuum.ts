import {allEnded} from '../flow/all-ended.js'
import {type Bounds, firstWithin} from '../flow/batches.js'
import {listTables, type TableName} from '../postgres/tables.js'
import type {Database, Queryable} from '../ports/ports.js'
import {inBuildingSession} from './build-indexes.js'
import {capacityOf} from '../postgres/capacity.js'

/** Tables that have not been vacuumed since their rows came, the largest first. */
export async function neverVacuumed(db: Queryable): Promise<{name: TableName; bytes: number}[]> {
  const tables = await listTables<{bytes: string}>(db, {
    columns: 'pg_relation_size(c.oid)::text as bytes',
    join: 'join pg_stat_all_tables s on s.relid = c.oid',
    where: `c.relkind = 'r'
      and pg_has_role(c.relowner, 'USAGE')
      and s.last_vacuum is null
      and s.last_autovacuum is null`,
    orderBy: 'pg_relation_size(c.oid) desc',
  })
  return tables.map(({name, bytes}) => ({name, bytes: Number(bytes)}))
}

/** Tables of one statement, which vacuums each in a transaction of its own. */
const AT_ONCE: Bounds = {items: 100, bytes: 32 * 1024 ** 2}

/**
 * Vacuums what the copy has filled: index-only scans need its visibility map, and the rows' hints would be set by their first
 * readers. Left to autovacuum, that would happen in the window and in the app's first hours. Returns how many tables.
 */
export async function vacuumCopied(sides: {source: Database; target: Database}): Promise<number> {
  const {target} = sides
  const {jobs, buildMemory} = await capacityOf({from: sides.source, to: target})
  const tables = await neverVacuumed(target)
  const left = [...tables]
  const take = () => left.splice(0, firstWithin(left, AT_ONCE)).map(({name}) => name)
  const lane = () =>
    inBuildingSession(sides, buildMemory, async (session) => {
      for (let some = take(); some.length > 0; some = take()) await session.query(`vacuum ${some.join(', ')}`)
    })
  await allEnded(Array.from({length: Math.min(jobs, tables.length)}, lane))
  return tables.length
}
