import {OWN_SCHEMA} from '../postgres/catalog.js'
import type {Queryable} from '../ports/ports.js'

/** How far a copy has come, by the marks it has left; bytes as on the source. */
export interface CopyState {
  bytes: number
  totalBytes: number
  tables: number
  totalTables: number
  /** In the last minute. */
  bytesPerSecond: number
  /** Of the rows alone; left out while nothing moves. */
  secondsLeft?: number
}

/** Read from the target alone, from any process. Undefined before anything is laid out. */
export async function copyStateOf(target: Queryable): Promise<CopyState | undefined> {
  const row = await target.queryOne<Record<'bytes' | 'lately' | 'tables' | 'totalBytes' | 'totalTables', string>>(`
    select coalesce(sum(bytes), 0)::text as bytes,
      coalesce(sum(total), 0)::text as "totalBytes",
      (count(*) filter (where open = 0))::text as tables,
      count(*)::text as "totalTables",
      coalesce(sum(lately), 0)::text as lately
    from (
      select relation,
        sum(source_bytes) as total,
        sum(source_bytes) filter (where moment is not null) as bytes,
        count(*) filter (where moment is null) as open,
        sum(source_bytes) filter (where copied_at > clock_timestamp() - interval '1 minute') as lately
      from ${OWN_SCHEMA}.copy_chunks
      group by relation) t`)
  const {bytes, totalBytes, tables, totalTables, lately} = numbers(row)
  if (totalTables === 0) return undefined
  const bytesPerSecond = Math.round(lately / 60)
  return {
    bytes,
    totalBytes,
    tables,
    totalTables,
    bytesPerSecond,
    ...(bytesPerSecond > 0 ? {secondsLeft: Math.ceil((totalBytes - bytes) / bytesPerSecond)} : {}),
  }
}

const numbers = <Key extends string>(row: Record<Key, string>): Record<Key, number> =>
  Object.fromEntries(Object.entries<string>(row).map(([name, value]) => [name, Number(value)])) as Record<Key, number>
