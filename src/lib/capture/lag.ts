import {TRUNCATIONS} from './log.js'
import {allEnded} from '../flow/all-ended.js'
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

/** Asks both databases, side by side. A source that bears no capture has no lag. */
export async function lagOf({from, to}: {from: Database; to: Database}): Promise<CaptureLag | undefined> {
  const [{waits, waiting}, state] = await allEnded([
    waitingIn(from).then(async (waits) => ({waits, waiting: await longTransaction(from)})),
    to.queryOne<{nth: string; rows: string; equalAt: string | null; followed: boolean}>(`
      select nth::text as nth, rows::text as rows, extract(epoch from equal_at)::text as "equalAt",
        exists (select from ${OWN_SCHEMA}.lock_holder) as followed
      from ${OWN_SCHEMA}.sync_state`),
  ])
  if (waits.logs === 0) return undefined
  const lag = {
    seconds: state.equalAt === null ? null : Math.round(10 * (Number(waits.now) - Number(state.equalAt))) / 10,
    pending: Number(waits.entries),
    tables: waits.tables,
    syncs: state.nth,
    rows: state.rows,
    ...(waiting ? {waiting} : {}),
    followed: state.followed,
  }
  return {words: inWords(lag), ...lag}
}

/** How many logs there are, what waits in them, in how many tables, and the server's clock in seconds. Reads all entries. */
const waitingIn = (from: Queryable): Promise<{logs: number; entries: string; tables: number; now: string}> =>
  from.queryOne(`
    do $$
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
      perform set_config('${OWN_SCHEMA}.waiting', json_build_array(logs, entries, tables)::text, true);
    end $$;
    select (w ->> 0)::int as logs, w ->> 1 as entries, (w ->> 2)::int as tables,
      extract(epoch from clock_timestamp())::text as now
    from (select current_setting('${OWN_SCHEMA}.waiting')::json) s (w)`)

const inWords = ({seconds, pending, tables, waiting, followed}: Omit<CaptureLag, 'words'>): string =>
  [
    seconds === null ? 'not equal yet' : duration(seconds),
    pending === 0 ? 'no changes wait' : `${pending.toLocaleString('en')} changes of ${tables} tables wait`,
    ...(waiting ? [waiting] : []),
    ...(followed ? [] : ['no rds:start is running']),
  ].join(', ')
