import {type Guard, literal, OWN_SCHEMA} from '../postgres/catalog.js'
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
  const statements = tables
    .filter((table) => !isKeyed(table))
    .flatMap((table) => {
      const copied = `pg_visible_in_snapshot(${WRITTEN_BY}, ${literal(snapshots.get(table.name)!)}::pg_snapshot)`
      return [
        `delete from ${logOf(table)} where ${copied}`,
        `delete from ${TRUNCATIONS} where unit = ${table.oid} and ${copied}`,
      ]
    })
  await from.query([guard.from, ...statements].join('; '))
}
