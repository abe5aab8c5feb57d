import {batchesOf} from '../flow/batches.js'
import type {LogChunk} from './table-work.js'
import {type CapturedTable, isKeyed} from './captured-table.js'
import type {Pending} from './look.js'

/** A part of a backlog that is applied in transactions of its own. */
export interface Piece {
  tables: readonly CapturedTable[]
  /** Of the log of the only table. */
  chunk?: LogChunk
}

/** About 50,000 entries: a few seconds of work, and little to do again. */
const CHUNK_PAGES = 250

/** Tables in one transaction: it keeps several locks of each to its end, and a server has room for 64 of each connection. */
const TABLES_AT_ONCE = 500

/** What should not wait for one long transaction at the end; nothing where little is pending. */
export function backlogOf(pending: readonly Pending[]): Piece[] {
  const long = pending.filter(({table, pages}) => isKeyed(table) && pages > 2 * CHUNK_PAGES)
  const short = pending.filter((each) => !long.includes(each)).map(({table}) => table)
  return [
    ...long.flatMap(chunksOf),
    ...(short.length > TABLES_AT_ONCE ? batchesOf(short, TABLES_AT_ONCE).map((tables) => ({tables})) : []),
  ]
}

const chunksOf = ({table, pages}: Pending): Piece[] =>
  Array.from({length: Math.ceil(pages / CHUNK_PAGES)}, (_, nth) => ({
    tables: [table],
    chunk: {first: nth * CHUNK_PAGES, next: (nth + 1) * CHUNK_PAGES},
  }))
