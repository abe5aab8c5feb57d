import {allEnded} from '../flow/all-ended.js'
import {listTables, type TableName} from '../postgres/tables.js'
import type {Database, Queryable} from '../ports/ports.js'
import {inBuildingSession} from './build-indexes.js'
import {capacityOf} from '../postgres/capacity.js'

/** Tables that have not been vacuumed since their rows came, the largest first. */
export async function neverVacuumed(db: Queryable): Promise<TableName[]> {
  const tables = await listTables(db, {
    columns: '',
    join: 'join pg_stat_all_tables s on s.relid = c.oid',
    where: `c.relkind = 'r'
      and pg_has_role(c.relowner, 'USAGE')
      and s.last_vacuum is null
      and s.last_autovacuum is null`,
    orderBy: 'pg_relation_size(c.oid) desc',
  })
  return tables.map(({name}) => name)
}

/**
 * Vacuums what the copy has filled: index-only scans need its visibility map, and the rows' hints would be set by their first
 * readers. Left to autovacuum, that would happen in the window and in the app's first hours. Returns how many tables.
 */
export async function vacuumCopied(sides: {source: Database; target: Database}): Promise<number> {
  const {target} = sides
  const {jobs, buildMemory} = await capacityOf({from: sides.source, to: target})
  const tables = await neverVacuumed(target)
  const left = [...tables]
  const lane = () =>
    inBuildingSession(sides, buildMemory, async (session) => {
      for (let table = left.shift(); table !== undefined; table = left.shift()) await session.query(`vacuum ${table}`)
    })
  await allEnded(Array.from({length: Math.min(jobs, tables.length)}, lane))
  return tables.length
}
