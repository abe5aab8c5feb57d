import {randomBytes} from 'node:crypto'

import type {Line} from '../ports/assessment.js'
import type {Clock, Database, Session} from '../ports/ports.js'
import {together} from './together.js'

/** Side by side, as the lanes of a copy are: one alone does not fill every line. */
const STREAMS = 4
/** Questions that each stream asks to learn the round trip. */
const QUESTIONS = 3
const BLOCK_BYTES = 16 * 1024
/** Blocks of each stream at first; as many again, times this, until they take long enough. */
const FIRST_BLOCKS = 1
const GROWTH = 4
/** Of all streams: 0.3 s of a line of 1 Gbit/s. */
const MOST_BYTES = 32 * 1024 ** 2
/** Seconds that a round takes from which its rate is one, and how many of them tell: whatever else goes on makes some slower, and none faster. */
const LONG_SECONDS = 0.2
const LONG_ROUNDS = 2
/** A round of so much that takes no longer than on a line of 1 Gbit/s is enough: then it is not the line that a copy waits for. */
const [ENOUGH_BYTES, FAST] = [4 * 1024 ** 2, 125e6]
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
  try {
    return await withSessions(db, async (sessions) => {
      const roundTripSeconds = await tripOf(sessions, clock)
      return {roundTripSeconds, bytesPerSecond: await rateOf(sessions, way, roundTripSeconds, clock)}
    })
  } catch (error) {
    if (error instanceof BrokenOff) return error.line
    throw error
  }
}

/** Median of some questions of each session. */
async function tripOf(sessions: readonly Session[], clock: Clock): Promise<number> {
  const took: number[] = []
  const asking = sessions.map(async (session) => {
    for (let nth = 0; nth < QUESTIONS; nth++) took.push(await secondsOf(clock, session.query('select')))
  })
  await Promise.all(asking)
  return took.sort((a, b) => a - b)[Math.floor(took.length / 2)]!
}

/** Best rate of the long rounds, or of all where none was long. */
async function rateOf(
  sessions: readonly Session[],
  way: 'down' | 'up',
  roundTripSeconds: number,
  clock: Clock,
): Promise<number> {
  const carry = way === 'down' ? down : up
  const begun = clock.now().getTime()
  const rates: Record<'long' | 'short', number[]> = {long: [], short: []}
  for (let blocks = FIRST_BLOCKS; ;) {
    const bytes = sessions.length * blocks * BLOCK_BYTES
    const sent = Promise.all(sessions.map((session) => carry(session, blocks)))
    const atMost = Math.max(...rates.long, Math.round(bytes / ROUND_SECONDS))
    const tooLong = new BrokenOff({roundTripSeconds, bytesPerSecond: atMost})
    const seconds = (await secondsOf(clock, withinRound(sent, tooLong, clock))) - roundTripSeconds
    const grows = seconds < LONG_SECONDS && GROWTH * bytes <= MOST_BYTES
    const rate = Math.round(bytes / Math.max(seconds, 0.001))
    if (bytes >= ENOUGH_BYTES && rate >= FAST) return rate
    rates[grows ? 'short' : 'long'].push(rate)
    if (grows) blocks *= GROWTH
    const spent = (clock.now().getTime() - begun) / 1000
    if (rates.long.length < LONG_ROUNDS && spent + (grows ? GROWTH : 1) * seconds < MOST_SECONDS) continue
    return Math.max(...(rates.long.length > 0 ? rates.long : rates.short))
  }
}

/** A round took too long, on a line that is slower than it seemed. */
class BrokenOff extends Error {
  readonly line: Line

  constructor(line: Line) {
    super('the line is slower than it seemed')
    this.line = line
  }
}

async function withinRound(sent: Promise<unknown>, tooLong: BrokenOff, clock: Clock): Promise<void> {
  const over = new AbortController()
  const waiting = clock.sleep(ROUND_SECONDS * 1000, over.signal).then(() => Promise.reject(tooLong))
  waiting.catch(() => undefined)
  try {
    await Promise.race([sent, waiting])
  } finally {
    over.abort()
  }
}

async function secondsOf(clock: Clock, work: Promise<unknown>): Promise<number> {
  const begun = clock.now().getTime()
  await work
  return (clock.now().getTime() - begun) / 1000
}

/** Sessions that are open at the same time. */
const withSessions = <T>(db: Database, work: (sessions: Session[]) => Promise<T>): Promise<T> =>
  together(
    Array.from({length: STREAMS}, () => (hold: (session: Session) => Promise<void>) => db.session(hold)),
    work,
  )
