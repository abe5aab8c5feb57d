import {TRUNCATIONS} from './log.js'
import {seconds as duration} from '../ports/figures.js'
import type {Lag} from '../ports/ports.js'
import type {AskedOfBoth, Question} from '../postgres/answers.js'
import {OWN_SCHEMA} from '../postgres/catalog.js'
import {LONG_TRANSACTION, type LongTransaction, waitingFor} from '../postgres/sessions.js'

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

/** Numbers beyond 2^31 are text. */
interface Waiting {
  logs: number
  entries: string
  tables: number
  /** The server's clock, in seconds. */
  now: string
  waiting: LongTransaction | null
}

interface SyncState {
  nth: string
  rows: string
  /** The `from` side's clock, in seconds. */
  equalAt: string | null
  followed: boolean
}

/** How many logs there are, and what waits in them, in how many tables. Reads all entries. */
const WAITING: Question<Waiting> = {
  block: `
    declare
      log regclass;
      found bigint;
      logs int := 0;
      entries bigint := 0;
      tables int := 0;
    begin
      for log in
        select c.oid
        from pg_class c
        where c.relnamespace = to_regnamespace('${OWN_SCHEMA}') and c.relname ~ '^log_[0-9]+$'
      loop
        logs := logs + 1;
        continue when pg_relation_size(log) = 0;
        execute 'select count(*) from ' || log into found;
        entries := entries + found;
        tables := tables + (found > 0)::int;
      end loop;
      if logs > 0 then
        execute 'select count(*) from ${TRUNCATIONS}' into found;
        entries := entries + found;
      end if;
      answer := json_build_object('logs', logs, 'entries', entries::text, 'tables', tables,
        'now', extract(epoch from clock_timestamp())::text, 'waiting', (${LONG_TRANSACTION.query}));
    end`,
}

const SYNC_STATE: Question<SyncState> = {
  query: `
    select json_build_object('nth', nth::text, 'rows', rows::text, 'equalAt', extract(epoch from equal_at)::text,
      'followed', exists (select from ${OWN_SCHEMA}.lock_holder))
    from ${OWN_SCHEMA}.sync_state`,
}

/** A source that bears no capture has no lag. */
export const CAPTURE_LAG: AskedOfBoth<Waiting, SyncState, CaptureLag> = {
  from: WAITING,
  to: SYNC_STATE,
  told(here, state) {
    if (!here || here.logs === 0 || !state) return undefined
    const lag = {
      seconds: state.equalAt === null ? null : Math.round(10 * (Number(here.now) - Number(state.equalAt))) / 10,
      pending: Number(here.entries),
      tables: here.tables,
      syncs: state.nth,
      rows: state.rows,
      ...(here.waiting ? {waiting: waitingFor(here.waiting)} : {}),
      followed: state.followed,
    }
    return {words: inWords(lag), ...lag}
  },
}

const inWords = ({seconds, pending, tables, waiting, followed}: Omit<CaptureLag, 'words'>): string =>
  [
    seconds === null ? 'not equal yet' : duration(seconds),
    pending === 0 ? 'no changes wait' : `${pending.toLocaleString('en')} changes of ${tables} tables wait`,
    ...(waiting ? [waiting] : []),
    ...(followed ? [] : ['no rds:start is running']),
  ].join(', ')
