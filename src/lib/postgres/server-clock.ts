import type {Queryable} from '../ports/ports.js'

/** The server's own clock, as it prints it: moments of one server are compared with its own only. */
export async function serverClock(db: Queryable): Promise<string> {
  const {at} = await db.queryOne<{at: string}>('select clock_timestamp()::text as at')
  return at
}
