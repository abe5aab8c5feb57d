import {OWN_SCHEMA} from '../postgres/catalog.js'
import type {Question} from '../postgres/answers.js'

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

type Sums = Record<'bytes' | 'lately' | 'tables' | 'totalBytes' | 'totalTables', number>

/** Read from the target alone, from any process. */
export const COPY_STATE: Question<Sums> = {
  query: `
    select json_build_object('bytes', coalesce(sum(bytes), 0), 'totalBytes', coalesce(sum(total), 0),
      'tables', count(*) filter (where open = 0), 'totalTables', count(*), 'lately', coalesce(sum(lately), 0))
    from (
      select relation,
        sum(source_bytes) as total,
        sum(source_bytes) filter (where moment is not null) as bytes,
        count(*) filter (where moment is null) as open,
        sum(source_bytes) filter (where copied_at > clock_timestamp() - interval '1 minute') as lately
      from ${OWN_SCHEMA}.copy_chunks
      group by relation) t`,
}

/** What the answer means; undefined before anything is laid out. */
export function copyState({bytes, totalBytes, tables, totalTables, lately}: Sums): CopyState | undefined {
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
