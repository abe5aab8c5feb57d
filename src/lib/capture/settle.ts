import {streamRows} from '../postgres/copy-stream.js'
import {passFence} from '../fence/fence.js'
import type {Database, Session} from '../ports/ports.js'
import {logOf} from './log.js'
import {sameKey, type Unit} from './units.js'

/**
 * Removes from a freshly copied table every row whose key was touched since the capture began. Chunks that were read at different
 * moments may hold such a row twice, or not at all; the first sync brings what there is of it.
 */
export async function settleKeys(
  {source, signal, key}: {source: Database; signal: AbortSignal; key: string},
  to: Session,
  unit: Unit,
  relation: string,
): Promise<void> {
  const keys = unit.key.map(({name}) => name).join(', ')
  const same = sameKey(unit, 't', 'changed')
  await source.session(async (from) => {
    await to.query('begin')
    await passFence(to, key)
    await to.query(`create temp table changed on commit drop as select ${keys} from ${relation} with no data`)
    await streamRows(
      {from, out: `copy (select distinct ${keys} from ${logOf(unit)}) to stdout`},
      {to, into: 'copy pg_temp.changed from stdin'},
      logOf(unit),
      {signal},
    )
    await to.query(`delete from only ${relation} t using pg_temp.changed where ${same}; commit`)
  })
}
