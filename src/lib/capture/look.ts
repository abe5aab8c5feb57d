import type {Session} from '../ports/ports.js'
import {type SearchPath, searching} from '../postgres/app-search-path.js'
import {OWN_SCHEMA} from '../postgres/catalog.js'
import {type Mark, MARKED} from './sync-mark.js'
import type {CapturedTable} from './captured-table.js'
import {TRUNCATIONS} from './log.js'
import {ASK_SERVER, type Server, SERVER_COLUMNS, serverFrom, type ServerRow} from './server.js'

/** A table that was truncated, the last time that the snapshot sees. */
export interface Truncation {
  /** OID on the `from` side. */
  partition: string
  /** Its place among the entries of logs of whole rows. */
  seq: string
}

/** A table whose log holds what the snapshot sees. */
export interface Pending {
  table: CapturedTable
  /** Of its log, filled or not. */
  pages: number
  truncations: Truncation[]
}

/** What a snapshot shows of the work that waits. */
export interface Look extends Server {
  /** The server's clock just before the snapshot. */
  at: string
  pending: Pending[]
  /** The last sync that the server remembers. */
  mark: Mark | null
  /** By OID, of pending tables and their partitions: the file that held the rows at the snapshot. */
  files: Readonly<Record<string, string>>
}

const PENDING = `${OWN_SCHEMA}.pending`

/**
 * Which logs are filled, and locks those tables against all that moves rows: waiting for a lock while holding others could block the app
 * without end, so it does not wait. Locks come a moment after the snapshot, so that none is held that is not needed, however many tables
 * there are: a table that was truncated or rewritten in that moment, which would look empty, is told by its file.
 */
const lockPending = (tables: readonly CapturedTable[]): string => `
  do $$
  declare
    captured oid;
    filled boolean;
    pending oid[] := '{}';
    truncated oid[] := array(select t.unit from ${TRUNCATIONS} t);
  begin
    foreach captured in array '{${tables.map(({oid}) => oid).join()}}'::oid[] loop
      filled := captured = any (truncated);
      if not filled and pg_relation_size(('${OWN_SCHEMA}.log_' || captured)::regclass) > 0 then
        execute 'select exists (select from ${OWN_SCHEMA}.log_' || captured || ')' into filled;
      end if;
      if filled then
        execute format('lock table %s %s in access share mode nowait',
          (select case c.relkind when 'p' then '' else 'only' end from pg_class c where c.oid = captured),
          captured::regclass);
        pending := pending || captured;
      end if;
    end loop;
    perform set_config('${PENDING}', pending::text, true);
  end $$`

/**
 * Begins a sync on the `from` side, in one message: fixes the snapshot, and says what it shows. The transaction is repeatable read and has
 * asked nothing yet. What is deleted from a log must stay deleted after a crash, so its commit is durable: the other side remembers the rows
 * without a key that the last sync counted, not those of the one before.
 */
export async function lookAt(from: Session, tables: readonly CapturedTable[], path: SearchPath): Promise<Look> {
  const row = await from.queryOne<
    ServerRow & {
      at: string
      pending: {oid: string; pages: number; truncations: Truncation[]}[]
      files: Record<string, string>
      mark: Mark | null
    }
  >(`
    set local synchronous_commit = on;
    ${lockPending(tables)};
    ${ASK_SERVER}
    ${searching(path)};
    with pending as (select oid from unnest(current_setting('${PENDING}')::oid[]) oid)
    select now()::text as at, ${SERVER_COLUMNS}, (${MARKED}) as mark,
      (select coalesce(json_agg(json_build_object(
           'oid', oid::text,
           'pages', pg_relation_size(('${OWN_SCHEMA}.log_' || oid)::regclass) / current_setting('block_size')::int,
           'truncations', (
             select coalesce(json_agg(last), '[]')
             from (
               select member::text as partition, max(seq)::text as seq
               from ${TRUNCATIONS}
               where unit = oid
               group by member) last))), '[]')
       from pending) as pending,
      (select coalesce(json_object_agg(c.oid, c.relfilenode::text), '{}')
       from pending
       cross join lateral (select pending.oid union select relid from pg_partition_tree(pending.oid)) held (oid)
       join pg_class c on c.oid = held.oid) as files`)
  const byOid = new Map(tables.map((table) => [table.oid, table]))
  const pending = row.pending.map(({oid, ...rest}) => ({table: byOid.get(oid)!, ...rest}))
  return {...serverFrom(row, tables), at: row.at, pending, files: row.files, mark: row.mark}
}
