import {OWN_SCHEMA} from '../postgres/catalog.js'
import type {Guard} from '../postgres/catalog.js'
import type {Database} from '../ports/ports.js'
import {logOf, TRUNCATIONS, WRITTEN_BY} from './log.js'
import {isKeyed, type Unit} from './units.js'

/**
 * Rows without a key are counted, so none may be counted twice: what their copy has seen leaves their log. Only the first
 * sync of a table is preceded by this, on the server that was copied, whose transaction numbers the moment of the copy means.
 */
export async function forgetCopied(
  {source, target, guard}: {source: Database; target: Database; guard: {source: Guard}},
  units: readonly Unit[],
): Promise<void> {
  const moments = new Map(
    (
      await target.query<{relation: string; moment: string}>(
        `select distinct relation, moment from ${OWN_SCHEMA}.copy_chunks`,
      )
    ).map(({relation, moment}) => [relation, moment]),
  )
  for (const unit of units.filter((other) => !isKeyed(other))) {
    const moment = moments.get(unit.relation)!
    await source.transaction(async (session) => {
      await session.query(guard.source)
      await session.query(`delete from ${logOf(unit)} where pg_visible_in_snapshot(${WRITTEN_BY}, $1::pg_snapshot)`, [
        moment,
      ])
      await session.query(
        `delete from ${TRUNCATIONS} where unit = $2::oid and pg_visible_in_snapshot(${WRITTEN_BY}, $1::pg_snapshot)`,
        [moment, unit.oid],
      )
    })
  }
}
