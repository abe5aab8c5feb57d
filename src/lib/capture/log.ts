import {CREATE_MARK, DROP_MARK} from './sync-mark.js'
import {literal, MAKE_OWN_SCHEMA, OWN_SCHEMA} from '../postgres/catalog.js'
import {withoutDomains} from '../postgres/plain-types.js'
import {isKeyed, type Partition, sameKey, type CapturedTable} from './captured-table.js'

/*
 * The capture objects of one table, as SQL. A log holds the touched keys in their own types, without index, sequence or time:
 * a sync reads what its snapshot sees and copies states, so that neither order nor late commits matter. Rows without a key
 * are noted whole, +1 as they come and -1 as they go; a TRUNCATE cuts that log at a number drawn while nobody else can write.
 *
 * The functions run as their owner, so that every credential is captured and none can read the log. They name each relation
 * with its schema and call nothing, so that no `search_path` can mislead them: pinning one costs a third of their time. Columns
 * are named with their table, because one may be called like a variable of PL/pgSQL.
 */

export const CAPTURE_TRIGGER = `${OWN_SCHEMA}_capture`
export const SIGN = 'heroku_rds_sign'
export const SEQ = 'heroku_rds_seq'
export const WRITTEN_BY = 'heroku_rds_xid'

/** Columns of a table whose rows are logged whole: Postgres allows 1,600, and three are ours, here as in what syncs leave on the target. */
export const MOST_LOGGED_COLUMNS = 1597

/** Bytes of values that cannot be stored apart, in such a row: a page has room for 8,160, header, bitmap of nulls and our columns included. */
export const MOST_LOGGED_BYTES = 7900

export const logOf = ({oid}: Pick<CapturedTable, 'oid'>): string => `${OWN_SCHEMA}.log_${oid}`
export const TRUNCATIONS = `${OWN_SCHEMA}.truncations`

/** Deletes follow inserts within seconds: what they leave is to be cleared as fast, and statistics would always be stale. */
const LOG_STORAGE = `(
  autovacuum_vacuum_threshold = 20000,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_cost_delay = 0,
  autovacuum_analyze_threshold = 2000000000)`

/** What all captured tables share. */
export const CREATE_COMMON = `
  ${MAKE_OWN_SCHEMA};
  create sequence if not exists ${OWN_SCHEMA}.seq;
  create table if not exists ${TRUNCATIONS} (
    unit oid not null,
    member oid not null,
    seq bigint not null default nextval('${OWN_SCHEMA}.seq'),
    ${WRITTEN_BY} xid8 not null default pg_current_xact_id());
  ${CREATE_MARK};
  create or replace function ${OWN_SCHEMA}.note_truncate() returns trigger language plpgsql security definer as
    $$begin insert into ${TRUNCATIONS} (unit, member) values (tg_argv[0]::pg_catalog.oid, tg_relid); return null; end$$`

export const DROP_COMMON = `
  drop function if exists ${OWN_SCHEMA}.note_truncate();
  drop table if exists ${TRUNCATIONS};
  ${DROP_MARK};
  drop sequence if exists ${OWN_SCHEMA}.seq`

const columnsOf = (table: CapturedTable): string[] => (isKeyed(table) ? table.key.map(({name}) => name) : table.columns)

/** The log and the functions that write it; repeatable. Takes no lock that stands in a writer's way. */
export function createLog(table: CapturedTable): string {
  const log = logOf(table)
  const columns = columnsOf(table).join(', ')
  const counted = isKeyed(table)
    ? ''
    : `alter table ${log} add column if not exists ${SIGN} smallint not null,
         add column if not exists ${SEQ} bigint not null default nextval('${OWN_SCHEMA}.seq'),
         add column if not exists ${WRITTEN_BY} xid8 not null default pg_current_xact_id();`
  return `
    create table if not exists ${log} with ${LOG_STORAGE} as
      select ${columns}
      from ${table.name}
      with no data;
    ${withoutDomains(log)};
    ${counted}
    ${functionsOf(table)
      .map(
        ([name, body]) =>
          `create or replace function ${name} returns trigger language plpgsql security definer
             as ${literal(`begin ${body} return null; end`)};`,
      )
      .join('\n')}`
}

export const dropLog = (oid: string): string =>
  ['', '_both', '_old', '_row'].map((kind) => `drop function if exists ${OWN_SCHEMA}.note_${oid}${kind}();`).join(' ') +
  ` drop table if exists ${OWN_SCHEMA}.log_${oid}`

/** Operators named with their schema: these functions have the rights of the owner, and the path of whoever writes. */
const is = (operation: string): string => `tg_op operator(pg_catalog.=) '${operation}'`
const isNot = (operation: string): string => `tg_op operator(pg_catalog.<>) '${operation}'`

function functionsOf(table: CapturedTable): [name: string, body: string][] {
  const named = (kind: string) => `${OWN_SCHEMA}.note_${table.oid}${kind}()`
  const columns = columnsOf(table)
  if (!isKeyed(table)) {
    const into = [SIGN, ...columns].join(', ')
    const note = (sign: number, from: string) =>
      `insert into ${logOf(table)} (${into})
       select ${[sign, ...columns.map((column) => `${from}.${column}`)].join(', ')}
       from ${from};`
    const noteOne = (sign: number, row: string) =>
      `insert into ${logOf(table)} (${into})
       values (${[sign, ...columns.map((column) => `${row}.${column}`)].join(', ')});`
    const came = (body: string) => `if ${isNot('DELETE')} then ${body} end if;`
    const went = (body: string) => `if ${isNot('INSERT')} then ${body} end if;`
    return table.level === 'row'
      ? [[named('_row'), went(noteOne(-1, 'old')) + came(noteOne(1, 'new'))]]
      : [[named(''), went(note(-1, 'before')) + came(note(1, 'touched'))]]
  }
  const list = columns.join(', ')
  const note = (from: string) =>
    `insert into ${logOf(table)} (${list})
     select ${columns.map((column) => `${from}.${column}`).join(', ')}
     from ${from};`
  const noteOne = (row: string) =>
    `insert into ${logOf(table)} (${list}) values (${columns.map((column) => `${row}.${column}`).join(', ')});`
  if (table.level === 'row') {
    const moved = `
      if ${is('INSERT')} then ${noteOne('new')}
      elsif ${is('UPDATE')} then
        if ${keyChanged(table)} then ${noteOne('new')} end if;
      end if;`
    return [[named('_row'), `if ${isNot('INSERT')} then ${noteOne('old')} end if; ${moved}`]]
  }
  const tree = table.partitions.some(({partitioned}) => partitioned)
  return [
    [named(''), note('touched')],
    [named('_old'), noteOne('old')],
    ...(tree ? [[named('_both'), note('before') + note('touched')] satisfies [string, string]] : []),
  ]
}

const keyChanged = (table: CapturedTable): string => `not (${sameKey(table, 'old', 'new')})`

/** The triggers that a partition must have: name, and what follows `create trigger name`. */
export function triggersOf(table: CapturedTable, {name, partitioned}: Partition): [name: string, definition: string][] {
  const trigger = (kind: string) => `${CAPTURE_TRIGGER}_${kind}`
  const run = (kind: string) => `execute function ${OWN_SCHEMA}.note_${table.oid}${kind}()`
  const each = 'for each statement'
  const truncate: [string, string] = [
    trigger('truncate'),
    `after truncate on ${name} ${each} execute function ${OWN_SCHEMA}.note_truncate(${table.oid})`,
  ]
  if (table.level === 'row') {
    return [truncate, [trigger('row'), `after insert or update or delete on ${name} for each row ${run('_row')}`]]
  }
  if (!isKeyed(table)) {
    const [came, went] = ['new table as touched', 'old table as before']
    return [
      truncate,
      [trigger('insert'), `after insert on ${name} referencing ${came} ${each} ${run('')}`],
      [trigger('update'), `after update on ${name} referencing ${went} ${came} ${each} ${run('')}`],
      [trigger('delete'), `after delete on ${name} referencing ${went} ${each} ${run('')}`],
    ]
  }
  // An update of a tree may move a row to another partition: then no row trigger tells of its old key.
  const update: [string, string][] = partitioned
    ? [
        [
          trigger('update'),
          `after update on ${name} referencing old table as before new table as touched ${each} ${run('_both')}`,
        ],
      ]
    : [
        [trigger('update'), `after update on ${name} referencing new table as touched ${each} ${run('')}`],
        [trigger('key'), `after update on ${name} for each row when (${keyChanged(table)}) ${run('_old')}`],
      ]
  return [
    truncate,
    [trigger('insert'), `after insert on ${name} referencing new table as touched ${each} ${run('')}`],
    ...update,
    [trigger('delete'), `after delete on ${name} referencing old table as touched ${each} ${run('')}`],
  ]
}
