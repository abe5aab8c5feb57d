import type {Queryable} from '../../ports/ports.js'
import {queryOneBy} from '../../postgres/query-one.js'
import type {Subject} from '../check.js'

/** A database that answers every query with these rows: for examples that SQL cannot produce. */
export function answering<D extends Queryable>(database: D, ...rows: unknown[]): D {
  const query = <Row>() => Promise.resolve(rows as Row[])
  return {...database, query, queryOne: queryOneBy(query)}
}

/** Facts of a subject whose source answers every query with these rows. */
export const sourceAnswering =
  (...rows: unknown[]) =>
  (healthy: Subject): Subject => ({...healthy, source: answering(healthy.source, ...rows)})
