import {countPending} from './pending.js'
import {type Unit, unitsOf} from './units.js'
import type {Database, Queryable} from '../ports/ports.js'
import {OWN_SCHEMA} from '../postgres/catalog.js'
import {longTransaction} from '../postgres/sessions.js'

/** How far a following copy is behind. */
export interface Lag {
  /** Of the source's clock, since the moment the target was last equal to; null before the first time. */
  seconds: number | null
  /** Changes that wait on the source. */
  pending: number
  /** Tables they belong to. */
  tables: number
  /** Syncs done, and what they brought. */
  syncs: string
  rows: string
  /** What keeps it from being up to date, in words. */
  waiting?: string
  /** A process is at work on it. */
  followed: boolean
}

/** Asks both databases. A source that bears no capture has no lag. */
export async function lagOf({source, target}: {source: Database; target: Database}): Promise<Lag | undefined> {
  const units = await loggedUnits(source)
  if (units.length === 0) return undefined
  const [state] = await target.query<{nth: string; rows: string; equalAt: string | null; followed: boolean}>(`
    select nth::text as nth, rows::text as rows, equal_at::text as "equalAt", exists (select from ${OWN_SCHEMA}.lock_holder) as followed
    from ${OWN_SCHEMA}.sync_state`)
  const [clock] = await source.query<{seconds: string | null}>(
    `select round(extract(epoch from clock_timestamp() - $1::timestamptz), 1)::text as seconds`,
    [state!.equalAt],
  )
  const {entries, tables} = await countPending(source, units)
  const waiting = await longTransaction(source)
  return {
    seconds: clock!.seconds === null ? null : Number(clock!.seconds),
    pending: entries,
    tables,
    syncs: state!.nth,
    rows: state!.rows,
    ...(waiting ? {waiting} : {}),
    followed: state!.followed,
  }
}

/** Those whose log is there. */
async function loggedUnits(source: Queryable): Promise<Unit[]> {
  const logs = await source.query<{oid: string}>(
    `select substr(relname, 5) as oid from pg_class where relnamespace = to_regnamespace('${OWN_SCHEMA}') and relname ~ '^log_[0-9]+$'`,
  )
  const there = new Set(logs.map(({oid}) => oid))
  return (await unitsOf(source)).filter(({oid}) => there.has(oid))
}
