import type {Clock, Queryable} from '../ports/ports.js'

const TRIES = 5

/** Seconds that the shortest question to a database and its answer take: the median of a few. */
export async function roundTrip(db: Queryable, clock: Clock): Promise<number> {
  const took: number[] = []
  for (let nth = 0; nth <= TRIES; nth++) {
    const begun = clock.now().getTime()
    await db.query('select')
    took.push((clock.now().getTime() - begun) / 1000)
  }
  // The first may have had to open a connection.
  return took.slice(1).sort((a, b) => a - b)[Math.floor(TRIES / 2)]!
}
