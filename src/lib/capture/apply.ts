import {failed, messageOf} from '../ports/errors.js'
import {exchange, type Stop} from '../postgres/copy-stream.js'
import {refusalOf} from '../postgres/refusal.js'
import {codeOf, EXCLUSION_VIOLATION, TARGET_DIVERGED, UNIQUE_VIOLATION} from '../postgres/sqlstate.js'
import type {Session} from '../ports/ports.js'
import type {CapturedTable} from './captured-table.js'
import {TRUNCATIONS} from './log.js'
import type {Pending} from './look.js'
import {type LogChunk, type SyncNumbers, workOf} from './table-work.js'

/** Both ends of one sync: a snapshot of the `from` side, whose transaction also forgets, and a transaction on the `to` side. */
export interface Ends extends SyncNumbers {
  from: Session
  to: Session
  signal: AbortSignal
}

export interface Applied {
  /** Tables they belong to. */
  tables: number
  /** Entries of the logs. */
  entries: number
  /** Rows that were inserted. */
  rows: number
  /** That went from one side to the other. */
  bytes: number
}

/**
 * Brings tables to the state of the snapshot, as far as the entries of their logs tell, and deletes these; `chunk`: those of some pages.
 * All in one message on either side.
 */
export async function applyTables(pending: readonly Pending[], ends: Ends, chunk?: LogChunk): Promise<Applied> {
  const total = {tables: pending.length, entries: 0, rows: 0, bytes: 0}
  if (pending.length === 0) return total
  const works = pending.map((each) => ({each, work: workOf(each, ends, chunk)}))
  const forget = {
    name: TRUNCATIONS,
    out: [`delete from ${TRUNCATIONS} where unit = any ('{${pending.map(({table}) => table.oid).join()}}')`],
    into: [],
  }
  const sent = (bytes: number) => {
    total.bytes += bytes
  }
  const counts = await exchange(
    ends,
    [...works.map(({work}) => work.part), forget],
    {signal: ends.signal, sent},
    explain,
  )
  for (const [nth, {each, work}] of works.entries()) {
    const {entries, forgotten, rows} = work.read(counts[nth]!)
    if (entries !== forgotten) throw notForgotten(each.table, entries, forgotten)
    total.entries += entries
    total.rows += rows
  }
  return total
}

/** A value has moved to a row whose turn has not come yet. */
export const isTaken = (error: unknown): boolean => {
  const code = codeOf(error)
  return code === UNIQUE_VIOLATION || code === EXCLUSION_VIOLATION
}

function explain(error: unknown, {part, side}: Stop): unknown {
  if (codeOf(error) === TARGET_DIVERGED) {
    return failed(
      'target_diverged',
      `${part.name}: ${messageOf(error)}`,
      'another session wrote to the copy: give this migration up with heroku rds:start --abandon and start again',
    )
  }
  return isTaken(error)
    ? error
    : refusalOf(error, `changes of ${part.name} could not be ${side === 'to' ? 'applied' : 'read'}`)
}

const notForgotten = ({name}: CapturedTable, entries: number, forgotten: number) =>
  failed(
    'copy_incomplete',
    `${name}: ${entries} entries of its log were read, but ${forgotten} deleted`,
    'run the same command again',
  )
