import {randomUUID} from 'node:crypto'

import {type Applied, applyTables, isTaken} from './apply.js'
import {backlogOf, type Piece} from './backlog.js'
import type {CapturedTable} from './captured-table.js'
import {type Look, lookAt} from './look.js'
import {serverChanged, serverWentBack} from './server.js'
import {doubtingSince, hasForgotten, marking, mayHaveFailedOver, type Remembered} from './sync-mark.js'
import {assertShape, isUnmoved, type Shape} from './shape.js'
import {passingFence} from '../fence/fence.js'
import {allEnded} from '../flow/all-ended.js'
import {failed, messageOf, RdsError} from '../ports/errors.js'
import type {Clock, Database, Session, Transaction} from '../ports/ports.js'
import {appSearchPath, type SearchPath} from '../postgres/app-search-path.js'
import {type Guard, literal, OWN_SCHEMA} from '../postgres/catalog.js'
import {refusing} from '../postgres/refusal.js'
import {codeOf, isSchemaError, LOCK_NOT_AVAILABLE} from '../postgres/sqlstate.js'

export interface SyncWorld {
  from: Database
  to: Database
  guard: {readonly from: Guard; readonly to: Guard}
  clock: Clock
  signal: AbortSignal
  tables: readonly CapturedTable[]
  shape: Shape
  /** Opens the fence of the `to` side, which is shut to all but the tool. */
  fencePass: string
  /** Objects of the `to` side that would act on rows: while there are any, none is brought. */
  attached?: readonly string[]
}

/** What a sync did; `to` was equal to the snapshot of `from` when it ended. */
export interface Synced extends Applied {
  syncNumber: string
  /** The clock of the `from` side at its snapshot. */
  at: string
  seconds: number
}

/** What a sync has read, while its transaction on the `from` side is still open. */
export interface SyncSnapshot {
  /** For `set transaction snapshot`. */
  snapshot: string
  syncNumber: string
}

type Meanwhile = (snapshot: SyncSnapshot) => Promise<void>

/**
 * Brings `to` to the state of a snapshot of `from`. A long backlog is applied in pieces before; what is left then, in one transaction on
 * each side. `from` deletes exactly the log entries it has read, in the transaction that read them, and commits only after `to` has: if
 * the process dies at any point, the next sync repeats the work. `meanwhile` can look at the snapshot to which both are equal.
 *
 * It waits six times in sequence, however many tables there are: for a look at `from`; for the beginning on `to`, beside which another
 * session looks at the present; for the message of either side that moves all rows; and for one commit after the other.
 */
export const sync = (world: SyncWorld, meanwhile?: Meanwhile): Promise<Synced> =>
  syncAll(world, meanwhile)
    .catch(async (error: unknown) => {
      if (isSchemaError(codeOf(error instanceof RdsError ? error.cause : error)))
        await assertShape(world.from, world.shape, world.tables)
      throw error
    })
    .catch(refusing(`changes could not be applied to the ${world.to.side}`))

async function syncAll(world: SyncWorld, meanwhile?: Meanwhile): Promise<Synced> {
  const begun = world.clock.now().getTime()
  const everything = {tables: world.tables, whole: true, ...(meanwhile ? {meanwhile} : {})}
  const first = await inTurn(world, {...everything, unlessLong: true})
  const pieces = await applyPieces(world, first.backlog)
  const {backlog: _, ...last} = pieces.length > 0 ? await inTurn(world, everything) : first
  return {
    ...last,
    ...sumOf([...pieces, last]),
    seconds: (world.clock.now().getTime() - begun) / 1000,
  }
}

const sumOf = (list: readonly Applied[]): Applied => ({
  tables: Math.max(...list.map(({tables}) => tables)),
  entries: list.reduce((sum, {entries}) => sum + entries, 0),
  rows: list.reduce((sum, {rows}) => sum + rows, 0),
  bytes: list.reduce((sum, {bytes}) => sum + bytes, 0),
})

async function applyPieces(world: SyncWorld, pieces: readonly Piece[]): Promise<Applied[]> {
  const applied: Applied[] = []
  for (const piece of pieces) {
    world.signal.throwIfAborted()
    const done = await inTurn(world, piece).catch((error: unknown) => {
      if (!piece.chunk || !isTaken(error)) throw error
      return inTurn(world, {tables: piece.tables})
    })
    applied.push(done)
  }
  return applied
}

/** What one transaction of each side is to do. */
interface Turn extends Piece {
  /** All that is captured. */
  whole?: boolean
  /** Nothing, where it finds a backlog. */
  unlessLong?: boolean
  meanwhile?: Meanwhile
}

interface Turned extends Omit<Synced, 'seconds'> {
  /** What it has found and left. */
  backlog: Piece[]
}

/** Another session holds a table that is to be read, or has moved its rows just now. */
class InTheWay extends Error {}

const NOTHING: Applied = {tables: 0, entries: 0, rows: 0, bytes: 0}

/** Attempts to lock the tables: about ten seconds in all. */
const LOCK_TRIES = 20

async function inTurn(world: SyncWorld, turn: Turn): Promise<Turned> {
  const path = await appSearchPath(world.from)
  for (let tries = 1; ; tries++) {
    try {
      return await once(world, turn, path)
    } catch (error) {
      if (!(error instanceof InTheWay)) throw error
      if (tries === LOCK_TRIES) throw tableLocked(world.from, error)
      await world.clock.sleep(50 * tries, world.signal)
    }
  }
}

/** One transaction on each side; that of `to` commits first. */
function once(world: SyncWorld, turn: Turn, path: SearchPath): Promise<Turned> {
  const passing = passingFence(world.to, world.fencePass)
  return world.from.transaction(
    async (from) => {
      const look = await lookAt(from, turn.tables, path).catch((error: unknown) => {
        throw codeOf(error) === LOCK_NOT_AVAILABLE ? new InTheWay(messageOf(error)) : error
      })
      const backlog = turn.unlessLong ? backlogOf(look.pending) : []
      if (backlog.length > 0) return {...NOTHING, syncNumber: '', at: look.at, backlog}
      const done = await world.to.transaction((to) => bring({...world, passing}, {from, to}, turn, look), {path})
      if (turn.meanwhile) {
        const {snapshot} = await from.queryOne<{snapshot: string}>('select pg_export_snapshot() as snapshot')
        await turn.meanwhile({snapshot, syncNumber: done.syncNumber})
      }
      from.lastly(world.guard.from)
      from.lastly(marking({nth: done.syncNumber, token: done.token}))
      const {token: _, ...turned} = done
      return {...turned, backlog}
    },
    {mode: 'isolation level repeatable read'},
  )
}

/** With the SQL that opens the fence of the `to` side. */
type Bringing = SyncWorld & {passing: string}

async function bring(
  world: Bringing,
  {from, to}: {from: Session; to: Transaction},
  {whole = false, chunk}: Turn,
  look: Look,
): Promise<Omit<Turned, 'backlog'> & {token: string}> {
  if (world.attached && world.attached.length > 0 && look.pending.length > 0) throw attachedTooEarly(world)
  const token = randomUUID()
  const [{syncNumber, cuts}, unmoved] = await allEnded([
    beginSync(world, to, look, token),
    isUnmoved(world.from, world, look.files),
  ])
  if (!unmoved) throw new InTheWay('a table was truncated or rewritten at this moment')
  const applied = await applyTables(look.pending, {from, to, syncNumber, cuts, signal: world.signal}, chunk)
  to.lastly(`
    update ${OWN_SCHEMA}.sync_units
    set last_sync = ${syncNumber}
    where unit = any ('{${look.pending.map(({table}) => table.oid).join()}}');
    update ${OWN_SCHEMA}.sync_state
    set equal_at = ${whole ? literal(look.at) : 'equal_at'}, rows = rows + ${applied.rows}`)
  return {...applied, syncNumber, token, at: look.at}
}

/**
 * Begins on the `to` side: counts the sync, and refuses a server that is not the one the last sync read, or in an earlier state than at
 * any sync. Tells where logs of whole rows were cut before.
 */
async function beginSync(
  {guard, passing, from, to: db}: Bringing,
  to: Transaction,
  {name, ended, next, pending, mark}: Look,
  token: string,
): Promise<{syncNumber: string; cuts: Record<string, string>}> {
  const state = await to.queryOne<{
    before: Remembered
    syncNumber: string
    server: string
    wentBack: boolean
    cuts: Record<string, string>
  }>(`
    ${guard.to};
    set local synchronous_commit = on;
    set local lock_timeout = '60s';
    ${passing};
    with before as (
      select json_build_object('nth', nth::text, 'token', token, 'seen', token_seen) as known
      from ${OWN_SCHEMA}.sync_state),
    counted as (
      update ${OWN_SCHEMA}.sync_state
      set nth = nth + 1,
        token = ${literal(token)},
        token_seen = ${mark ? literal(mark.token) : 'null'},
        source_server = coalesce(source_server, ${literal(name)}),
        source_ended = greatest(source_ended, ${literal(ended)}::xid8)
      returning nth, source_server, source_ended)
    select (select known from before) as before,
      nth::text as "syncNumber", source_server as server, source_ended > ${literal(next)}::xid8 as "wentBack",
      (select coalesce(json_object_agg(unit, truncation::text), '{}')
       from ${OWN_SCHEMA}.sync_units
       where unit = any ('{${pending.map(({table}) => table.oid).join()}}')) as cuts
    from counted`)
  if (state.server !== name) throw serverChanged(from.side, state.server, name)
  if (state.wentBack) throw serverWentBack(from.side, next)
  if (!hasForgotten(mark, state.before, {from, to: db}) && mayHaveFailedOver(name)) to.lastly(doubtingSince(mark))
  return state
}

const attachedTooEarly = ({from, to, attached}: SyncWorld) =>
  failed(
    'attached_too_early',
    `the ${from.side} was written to after triggers and constraints were attached on the ${to.side}, ` +
      `${attached!.length} of which would act on these rows`,
    'heroku rds:rollback ends this window; heroku rds:cutover then begins another',
  )

const tableLocked = ({side}: Database, {message}: InTheWay) =>
  failed(
    'table_locked',
    `what was written on the ${side} cannot be read: ${message}`,
    'heroku pg:locks shows who is at it',
  )
