import type {Queryable} from '../ports/ports.js'

/** `queryOne` for an object that has a `query`. */
export const queryOneBy =
  (query: Queryable['query']): Queryable['queryOne'] =>
  async <Row>(sql: string, values?: readonly unknown[]) => {
    const [row] = await query<Row>(sql, values)
    if (row === undefined) throw new Error('a query that must give a row gave none')
    return row
  }
