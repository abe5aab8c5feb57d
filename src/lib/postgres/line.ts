import {randomBytes} from 'node:crypto'

import {allEnded} from '../flow/all-ended.js'
import type {Line} from '../ports/assessment.js'
import type {Clock, Database, Session} from '../ports/ports.js'
import {roundTrip} from './round-trip.js'

/** Side by side, as the lanes of a copy are: one alone does not fill every line. */
const STREAMS = 4
const BLOCK_BYTES = 16 * 1024
/** Blocks of each stream at first; as many again, times this, until it takes long enough. */
const FIRST_BLOCKS = 1
const GROWTH = 4
/** Of all streams: 0.3 s of a line of 1 Gbit/s. */
const MOST_BYTES = 32 * 1024 ** 2
/** Seconds that a round takes from which its rate is one, and how many of them tell: whatever else goes on makes some slower, and none faster. */
const LONG_SECONDS = 0.3
const LONG_ROUNDS = 2
/** After which a round is broken off, and up to which another one is begun. */
const ROUND_SECONDS = 2
const MOST_SECONDS = 3

/** Sends so many blocks one way, and the smallest answer the other. */
type Carry = (session: Session, blocks: number) => Promise<unknown>

/** Made of what no line can squeeze: a block that says nothing twice. */
const down: Carry = (session, blocks) =>
  session.query(
    `select repeat(block, $1::int)
     from (select string_agg(md5(random()::text), '') as block from generate_series(1, ${BLOCK_BYTES / 32})) b`,
    [blocks],
  )

const up: Carry = (session, blocks) =>
  session.query('select octet_length($1::bytea)', [randomBytes(blocks * BLOCK_BYTES)])

/**
 * Measures the way between this machine and a database by which a copy takes its rows: down from one that it reads, up to one that it writes.
 * Reads and writes nothing there, and takes a second or two: a line that carries little is sent little.
 */
export async function measureLine(db: Database, way: 'down' | 'up', clock: Clock): Promise<Line> {
  const roundTripSeconds = await roundTrip(db, clock)
  const carry = way === 'down' ? down : up
  const begun = clock.now().getTime()
  const rounds: {rate: number; long: boolean}[] = []
  for (let blocks = FIRST_BLOCKS; ;) {
    const took = (await secondsOf(db, clock, (session) => carry(session, blocks))) - roundTripSeconds
    const bytes = STREAMS * blocks * BLOCK_BYTES
    const grows = took < LONG_SECONDS && GROWTH * bytes <= MOST_BYTES
    rounds.push({rate: bytes / Math.max(took, 0.001), long: !grows})
    if (grows) blocks *= GROWTH
    const spent = (clock.now().getTime() - begun) / 1000
    const long = rounds.filter((round) => round.long)
    if (long.length < LONG_ROUNDS && spent + (grows ? GROWTH : 1) * took < MOST_SECONDS) continue
    const rates = (long.length > 0 ? long : rounds).map(({rate}) => rate)
    return {roundTripSeconds, bytesPerSecond: Math.round(Math.max(...rates))}
  }
}

/** What a round of all streams takes; one that takes too long is broken off, as if it had ended then. */
async function secondsOf(db: Database, clock: Clock, carry: (session: Session) => Promise<unknown>): Promise<number> {
  const begun = clock.now().getTime()
  const over = new AbortController()
  const breakOff = clock.sleep(ROUND_SECONDS * 1000, over.signal).then(() => {
    throw TOO_LONG
  })
  breakOff.catch(() => undefined)
  const stream = () => db.session((session) => Promise.race([carry(session), breakOff]))
  try {
    await allEnded(Array.from({length: STREAMS}, stream))
  } catch (error) {
    if (error !== TOO_LONG) throw error
  } finally {
    over.abort()
  }
  return (clock.now().getTime() - begun) / 1000
}

const TOO_LONG = new Error('the line is slower than it seemed')
