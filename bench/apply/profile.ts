import type {Database, Session} from '../../src/lib/ports.js'

/** Stands between a sync and its databases, and keeps how long it waited for what. */
export interface Profiler {
  watched(db: Database): Database
  reset(): void
  /** Seconds by what was asked; those of both ends of a COPY are the same seconds. */
  phases(): Record<string, number>
}

/** What a statement is for, by its first words; names of tables left out. */
const labelOf = (side: string, sql: string): string =>
  `${side}: ${sql
    .replace(/heroku_rds\.(\w+?)_\d+/g, '$1')
    .replace(/pgbench_\w+|public\.\w+/g, 'rows')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 48)}`

export function profiler(): Profiler {
  const seconds = new Map<string, number>()
  const add = (label: string, since: number) =>
    seconds.set(label, (seconds.get(label) ?? 0) + (performance.now() - since) / 1000)
  const timed = async <T>(label: string, work: () => Promise<T>): Promise<T> => {
    const begun = performance.now()
    try {
      return await work()
    } finally {
      add(label, begun)
    }
  }
  const session = (side: string, inner: Session): Session => ({
    query: (sql, values) => timed(labelOf(side, sql), () => inner.query(sql, values)),
    copyOut(sql) {
      const begun = performance.now()
      const label = labelOf(side, sql)
      const stream = inner.copyOut(sql)
      stream.once('readable', () => add(`${label}, until the first row`, begun))
      stream.once('end', () => add(label, begun))
      return stream
    },
    copyIn(sql) {
      const begun = performance.now()
      const stream = inner.copyIn(sql)
      stream.once('finish', () => add(labelOf(side, sql), begun))
      return stream
    },
  })
  return {
    watched: (db) => ({
      ...db,
      query: (sql, values) => timed(labelOf(db.side, sql), () => db.query(sql, values)),
      session: (work, how) => db.session((inner) => work(session(db.side, inner)), how),
      transaction: (work, how) => db.transaction((inner) => work(session(db.side, inner)), how),
    }),
    reset: () => seconds.clear(),
    phases: () => Object.fromEntries([...seconds].sort(([, a], [, b]) => b - a)),
  }
}
