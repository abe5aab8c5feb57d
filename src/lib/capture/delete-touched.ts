import {streamRows} from '../postgres/copy-stream.js'
import {passFence} from '../fence/fence.js'
import type {Database, Session} from '../ports/ports.js'
import type {TableName} from '../postgres/tables.js'
import {logOf} from './log.js'
import {rowsOf, sameKey, type CapturedTable} from './captured-table.js'

/**
 * Deletes from a freshly copied table every row whose key was touched since the capture began. Chunks of different snapshots can hold
 * such a row twice, or not at all; the first sync copies it again.
 */
export async function deleteTouchedRows(
  {from: db, signal, fencePass}: {from: Database; signal: AbortSignal; fencePass: string},
  to: Session,
  table: CapturedTable,
  name: TableName,
): Promise<void> {
  const keys = table.key.map(({name}) => name).join(', ')
  const same = sameKey(table, 't', 'changed')
  await db.session(async (from) => {
    await to.query('begin')
    await passFence(to, fencePass)
    await to.query(`create temp table changed on commit drop as select ${keys} from ${name} with no data`)
    await streamRows(
      {from, out: `copy (select distinct ${keys} from ${logOf(table)}) to stdout`},
      {to, into: 'copy pg_temp.changed from stdin'},
      logOf(table),
      {signal},
    )
    const rows = name === table.name ? rowsOf(table) : `only ${name}`
    await to.query(`delete from ${rows} t using pg_temp.changed where ${same}; commit`)
  })
}
