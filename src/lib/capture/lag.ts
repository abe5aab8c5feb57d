import {countPending} from './pending.js'
import {type CapturedTable, tablesToCapture} from './captured-table.js'
import {seconds as duration} from '../ports/figures.js'
import type {Database, Lag, Queryable} from '../ports/ports.js'
import {OWN_SCHEMA} from '../postgres/catalog.js'
import {longTransaction} from '../postgres/sessions.js'

/** How far a following copy is behind. */
export interface CaptureLag extends Lag {
  /** Of the source's clock, since the moment the target was last equal to; null before the first time. */
  seconds: number | null
  /** Changes that wait on the source. */
  pending: number
  /** Tables they belong to. */
  tables: number
  /** Syncs done, and what they brought. */
  syncs: string
  rows: string
  /** A process is at work on it. */
  followed: boolean
}

/** Asks both databases. A source that bears no capture has no lag. */
export async function lagOf({from, to}: {from: Database; to: Database}): Promise<CaptureLag | undefined> {
  const logged = await loggedTables(from)
  if (logged.length === 0) return undefined
  const state = await to.queryOne<{nth: string; rows: string; equalAt: string | null; followed: boolean}>(`
    select nth::text as nth, rows::text as rows, equal_at::text as "equalAt",
      exists (select from ${OWN_SCHEMA}.lock_holder) as followed
    from ${OWN_SCHEMA}.sync_state`)
  const clock = await from.queryOne<{seconds: string | null}>(
    `select round(extract(epoch from clock_timestamp() - $1::timestamptz), 1)::text as seconds`,
    [state.equalAt],
  )
  const {entries, tables} = await countPending(from, logged)
  const waiting = await longTransaction(from)
  const lag = {
    seconds: clock.seconds === null ? null : Number(clock.seconds),
    pending: entries,
    tables,
    syncs: state.nth,
    rows: state.rows,
    ...(waiting ? {waiting} : {}),
    followed: state.followed,
  }
  return {words: inWords(lag), ...lag}
}

const inWords = ({seconds, pending, tables, waiting, followed}: Omit<CaptureLag, 'words'>): string =>
  [
    seconds === null ? 'not equal yet' : duration(seconds),
    pending === 0 ? 'no changes wait' : `${pending.toLocaleString('en')} changes of ${tables} tables wait`,
    ...(waiting ? [waiting] : []),
    ...(followed ? [] : ['no rds:start is running']),
  ].join(', ')

/** Those whose log is there. */
async function loggedTables(from: Queryable): Promise<CapturedTable[]> {
  const logs = await from.query<{oid: string}>(
    `select substr(relname, 5) as oid
     from pg_class
     where relnamespace = to_regnamespace('${OWN_SCHEMA}') and relname ~ '^log_[0-9]+$'`,
  )
  const there = new Set(logs.map(({oid}) => oid))
  return (await tablesToCapture(from)).filter(({oid}) => there.has(oid))
}
