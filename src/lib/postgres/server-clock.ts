import type {Queryable} from '../ports/ports.js'
import type {Question} from './answers.js'

export const CLOCK: Question<string> = {query: 'select to_json(clock_timestamp()::text)'}

/** The server's own clock, as it prints it: moments of one server are compared with its own only. */
export async function serverClock(db: Queryable): Promise<string> {
  const {at} = await db.queryOne<{at: string}>('select clock_timestamp()::text as at')
  return at
}

/** Seconds that have passed on the server since a moment that it has told. */
export async function secondsSince(db: Queryable, at: Date | string): Promise<number> {
  const {seconds} = await db.queryOne<{seconds: string}>(
    'select extract(epoch from clock_timestamp() - $1::timestamptz)::text as seconds',
    [at instanceof Date ? at.toISOString() : at],
  )
  return Number(seconds)
}
