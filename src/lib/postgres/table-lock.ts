import {failed} from '../ports/errors.js'
import type {Clock, Database} from '../ports/ports.js'
import {type Guard, literal} from './catalog.js'
import {heldByAutovacuum, holdersOf} from './sessions.js'
import {codeOf, DEADLOCK_DETECTED, LOCK_NOT_AVAILABLE, OUT_OF_MEMORY} from './sqlstate.js'
import type {TableName} from './tables.js'

/** How long to try for a lock, and how long others may have to queue behind one try. */
export interface Patience {
  clock: Clock
  signal: AbortSignal
  seconds?: number
  /** In the window no session is kept waiting, so a try can outlast `deadlock_timeout`, after which autovacuum gives way. */
  nobodyWaits?: boolean
}

const SHORT_LOCK_MS = 400
/** Above the usual `deadlock_timeout` of 1 s. */
const LONG_LOCK_MS = 1500
const LONG_TRY_EVERY = 5
const DEFAULT_SECONDS = 60

/**
 * Runs statements that lock a table as one message, which the server takes as one transaction, so that no lock outlives
 * a sleeping laptop; under a short `lock_timeout`, so that no session queues behind us for long; again until the deadline.
 */
export async function withTableLock(
  db: Database,
  patience: Patience,
  table: string,
  statements: string,
): Promise<void> {
  const {clock, signal, seconds = DEFAULT_SECONDS, nobodyWaits = false} = patience
  const deadline = clock.now().getTime() + seconds * 1000
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    const long = nobodyWaits || (attempt % LONG_TRY_EVERY === 0 && (await heldByAutovacuum(db)).includes(table))
    try {
      await db.query(`set local lock_timeout = ${long ? LONG_LOCK_MS : SHORT_LOCK_MS}; ${statements}`)
      return
    } catch (error) {
      if (!isLockConflict(error)) throw error
      if (clock.now().getTime() >= deadline) throw await tableBusy(db, table, seconds)
      await clock.sleep(Math.min(50 * 2 ** attempt, 1000) * (0.5 + Math.random()), signal)
    }
  }
}

/**
 * One try for the locks of many tables; false where it failed. Unless it is given more milliseconds than `deadlock_timeout`, no
 * autovacuum gives way to it, and it is not taken for part of a deadlock.
 */
export async function lockedAtOnce(db: Database, statements: string, milliseconds = SHORT_LOCK_MS): Promise<boolean> {
  try {
    await db.query(`set local lock_timeout = ${milliseconds}; ${statements}`)
    return true
  } catch (error) {
    // The table of locks can be full: max_locks_per_transaction.
    if (!isLockConflict(error) && codeOf(error) !== OUT_OF_MEMORY) throw error
    return false
  }
}

/** What is to be done to a table; each statement may be repeated. */
export interface TableWork {
  name: TableName
  statements: string
}

type LockMode = 'access exclusive' | 'share row exclusive'

const BUSY = 'heroku_rds.busy'

/**
 * Does the work of those tables whose lock is free, in one message, and returns the others: nothing is waited for while other tables are
 * locked. They stay locked until the last is done.
 */
export async function doneWhereFree(
  db: Database,
  work: readonly TableWork[],
  {mode = 'access exclusive', guard = ''}: {mode?: LockMode; guard?: Guard} = {},
): Promise<TableName[]> {
  const each = work.map(
    ({name, statements}) => `
    begin
      lock table only ${name} in ${mode} mode nowait;
      ${statements ? `execute ${literal(statements)};` : ''}
    exception when lock_not_available or deadlock_detected then busy := busy || ${literal(name)}::text;
    end;`,
  )
  const {busy} = await db.queryOne<{busy: TableName[]}>(`
    ${guard};
    set local lock_timeout = ${SHORT_LOCK_MS};
    do ${literal(`declare busy text[] := '{}';
    begin
      ${each.join('')}
      perform set_config('${BUSY}', to_json(busy)::text, true);
    end`)};
    select current_setting('${BUSY}')::json as busy`)
  return busy
}

/** Tables of one message: what it locks, the app waits for until it has ended; and a server has room for 64 locks of each of its connections. */
const [FEW, MANY] = [10, 100]

/** Does the work of tables in few messages; one by one, with patience, where others are at them. */
export async function alterTables(
  db: Database,
  patience: Patience,
  work: readonly TableWork[],
  guard: Guard,
): Promise<void> {
  const size = patience.nobodyWaits ? MANY : FEW
  for (let first = 0; first < work.length; first += size) {
    patience.signal.throwIfAborted()
    const some = work.slice(first, first + size)
    const busy = new Set(await doneWhereFree(db, some, {guard}))
    for (const {name, statements} of some.filter(({name}) => busy.has(name)))
      await withTableLock(db, patience, name, `${guard}; ${statements}`)
  }
}

/** Workers go on with their next table when they have given one up. */
const MOST_ROUNDS = 10

/**
 * Sends every autovacuum away whose table would have to be waited for in the window. The lock that is asked for disturbs no
 * reader and no writer, and is not kept; what was given up is vacuumed in its next turn.
 */
export async function sendAutovacuumAway(db: Database): Promise<void> {
  for (let round = 1; round <= MOST_ROUNDS; round++) {
    const tables = await heldByAutovacuum(db)
    if (tables.length === 0) return
    await Promise.all(
      tables.map((table) => lockedAtOnce(db, `lock table only ${table} in share update exclusive mode`, LONG_LOCK_MS)),
    )
  }
}

async function tableBusy(db: Database, table: string, seconds: number): Promise<Error> {
  const holders = await holdersOf(db, table)
  const who = holders.map(({pid, role, application}) => `pid ${pid} (${role}${application ? `, ${application}` : ''})`)
  return failed(
    'table_busy',
    `${table} stayed locked for ${seconds} s${who.length > 0 ? ` by ${who.join(', ')}` : ''}`,
    'let that transaction end, or end it with heroku pg:kill, and run the same command again',
  )
}

export const isLockConflict = (error: unknown): boolean =>
  [LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED].includes(codeOf(error))
