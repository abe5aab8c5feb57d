import type {Database, Queryable, Session} from '../../src/lib/ports/ports.js'
import {queryOneBy} from '../../src/lib/postgres/query-one.js'

/** Stands between a sync and its databases, and keeps how long it waited for what. */
export interface Profiler {
  watched: (db: Database) => Database
  reset(): void
  /** By what was asked, the longest first. The seconds of both ends of a COPY are the same seconds. */
  phases(): Phase[]
}

export interface Phase {
  what: string
  times: number
  seconds: number
}

/** What a statement is for, by its first words; numbers left out. */
const labelOf = (side: string, sql: string): string =>
  `${side}: ${sql
    .replace(/heroku_rds\.(\w+?)_\d+/g, '$1')
    .replace(/\b\d+\b/g, 'n')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 48)}`

export function profiler(): Profiler {
  const phases = new Map<string, Phase>()
  const add = (what: string, since: number) => {
    const {times, seconds} = phases.get(what) ?? {times: 0, seconds: 0}
    phases.set(what, {what, times: times + 1, seconds: seconds + (performance.now() - since) / 1000})
  }
  const timed = async <T>(label: string, work: () => Promise<T>): Promise<T> => {
    const begun = performance.now()
    try {
      return await work()
    } finally {
      add(label, begun)
    }
  }
  const watched = (side: string, inner: Queryable): Queryable => {
    const timing: Queryable['query'] = (sql, values) => timed(labelOf(side, sql), () => inner.query(sql, values))
    return {query: timing, queryOne: queryOneBy(timing)}
  }
  const session = (side: string, inner: Session): Session => ({
    ...watched(side, inner),
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
      ...watched(db.side, db),
      session: (work, how) => db.session((inner) => work(session(db.side, inner)), how),
      transaction: (work, how) =>
        db.transaction((inner) => work({...session(db.side, inner), lastly: (sql) => inner.lastly(sql)}), how),
    }),
    reset: () => phases.clear(),
    phases: () => [...phases.values()].sort((a, b) => b.seconds - a.seconds),
  }
}
