import {OWN_SCHEMA} from '../postgres/catalog.js'
import type {Guard} from '../postgres/catalog.js'
import type {TableName} from '../postgres/tables.js'
import type {Database} from '../ports/ports.js'
import {logOf, TRUNCATIONS, WRITTEN_BY} from './log.js'
import {isKeyed, type CapturedTable} from './captured-table.js'

/**
 * Rows without a key are counted, so none may be counted twice: what their copy has seen leaves their log. Only the first
 * sync of a table is preceded by this, on the server that was copied, whose transaction IDs the snapshot of the copy holds.
 */
export async function forgetCopied(
  {from, to, guard}: {from: Database; to: Database; guard: {from: Guard}},
  tables: readonly CapturedTable[],
): Promise<void> {
  const snapshots = new Map(
    (
      await to.query<{name: TableName; snapshot: string}>(
        `select distinct relation as name, moment as snapshot from ${OWN_SCHEMA}.copy_chunks`,
      )
    ).map(({name, snapshot}) => [name, snapshot]),
  )
  for (const table of tables.filter((other) => !isKeyed(other))) {
    const snapshot = snapshots.get(table.name)!
    await from.transaction(async (session) => {
      await session.query(guard.from)
      await session.query(`delete from ${logOf(table)} where pg_visible_in_snapshot(${WRITTEN_BY}, $1::pg_snapshot)`, [
        snapshot,
      ])
      await session.query(
        `delete from ${TRUNCATIONS} where unit = $2::oid and pg_visible_in_snapshot(${WRITTEN_BY}, $1::pg_snapshot)`,
        [snapshot, table.oid],
      )
    })
  }
}
