import type {Subject} from '../../check.js'

/** A world whose source answers every question with these rows: for what no database can be brought to show at will. */
export const sourceAnswering =
  (...rows: unknown[]) =>
  (healthy: Subject): Subject => ({
    ...healthy,
    source: {...healthy.source, query: <Row>() => Promise.resolve(rows as Row[])},
  })
