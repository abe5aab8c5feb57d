import type {Queryable} from '../../ports/ports.js'
import {queryOneBy} from '../../postgres/query-one.js'
import type {Subject} from '../check.js'

/** A database that answers every question with these rows: for what none can be brought to show at will. */
export function answering<D extends Queryable>(database: D, ...rows: unknown[]): D {
  const query = <Row>() => Promise.resolve(rows as Row[])
  return {...database, query, queryOne: queryOneBy(query)}
}

/** A world whose source does. */
export const sourceAnswering =
  (...rows: unknown[]) =>
  (healthy: Subject): Subject => ({...healthy, source: answering(healthy.source, ...rows)})
