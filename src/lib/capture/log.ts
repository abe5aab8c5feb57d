import {CLOSE_OWN_SCHEMA, literal, OWN_SCHEMA} from '../postgres/catalog.js'
import {isKeyed, type Member, sameKey, type Unit} from './units.js'

/*
 * The capture objects of one unit, as SQL. A log holds the touched keys in their own types, without index, sequence or time:
 * a sync reads what its snapshot sees and copies states, so that neither order nor late commits matter. Rows without a key
 * are noted whole, +1 as they come and -1 as they go; a TRUNCATE cuts that log at a number drawn while nobody else can write.
 *
 * The functions run as their owner, so that every credential is captured and none can read the log. They name each relation
 * with its schema and call nothing, so that no `search_path` can mislead them: pinning one costs a third of their time. Columns
 * are named with their table, because one may be called like a variable of PL/pgSQL.
 */

export const CAPTURE_TRIGGER = `${OWN_SCHEMA}_capture`
export const SIGN = 'heroku_rds_sign'
export const NTH = 'heroku_rds_nth'
export const WRITTEN_BY = 'heroku_rds_xid'

export const logOf = ({oid}: Pick<Unit, 'oid'>): string => `${OWN_SCHEMA}.log_${oid}`
export const TRUNCATIONS = `${OWN_SCHEMA}.truncations`

/** Deletes follow inserts within seconds: what they leave is to be cleared as fast, and statistics would always be stale. */
const LOG_STORAGE = `(autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0,
  autovacuum_analyze_threshold = 2000000000)`

/** What all units share. */
export const CREATE_COMMON = `
  create schema if not exists ${OWN_SCHEMA};
  ${CLOSE_OWN_SCHEMA};
  create sequence if not exists ${OWN_SCHEMA}.nth;
  create table if not exists ${TRUNCATIONS} (
    unit oid not null, member oid not null, nth bigint not null default nextval('${OWN_SCHEMA}.nth'), ${WRITTEN_BY} xid8 not null default pg_current_xact_id());
  create or replace function ${OWN_SCHEMA}.note_truncate() returns trigger language plpgsql security definer as
    $$begin insert into ${TRUNCATIONS} (unit, member) values (tg_argv[0]::pg_catalog.oid, tg_relid); return null; end$$`

export const DROP_COMMON = `
  drop function if exists ${OWN_SCHEMA}.note_truncate();
  drop table if exists ${TRUNCATIONS};
  drop sequence if exists ${OWN_SCHEMA}.nth`

const columnsOf = (unit: Unit): string[] => (isKeyed(unit) ? unit.key.map(({name}) => name) : unit.columns)

/** The log and the functions that write it; repeatable. Takes no lock that stands in a writer's way. */
export function createLog(unit: Unit): string {
  const log = logOf(unit)
  const columns = columnsOf(unit).join(', ')
  const counted = isKeyed(unit)
    ? ''
    : `alter table ${log} add column if not exists ${SIGN} smallint not null,
         add column if not exists ${NTH} bigint not null default nextval('${OWN_SCHEMA}.nth'),
         add column if not exists ${WRITTEN_BY} xid8 not null default pg_current_xact_id();`
  return `
    create table if not exists ${log} with ${LOG_STORAGE} as select ${columns} from ${unit.relation} with no data;
    ${counted}
    ${functionsOf(unit)
      .map(
        ([name, body]) =>
          `create or replace function ${name} returns trigger language plpgsql security definer as ${literal(`begin ${body} return null; end`)};`,
      )
      .join('\n')}`
}

export const dropLog = (oid: string): string =>
  ['', '_both', '_old', '_row'].map((kind) => `drop function if exists ${OWN_SCHEMA}.note_${oid}${kind}();`).join(' ') +
  ` drop table if exists ${OWN_SCHEMA}.log_${oid}`

function functionsOf(unit: Unit): [name: string, body: string][] {
  const named = (kind: string) => `${OWN_SCHEMA}.note_${unit.oid}${kind}()`
  const columns = columnsOf(unit)
  if (!isKeyed(unit)) {
    const into = [SIGN, ...columns].join(', ')
    const note = (sign: number, from: string) =>
      `insert into ${logOf(unit)} (${into}) select ${[sign, ...columns.map((column) => `${from}.${column}`)].join(', ')} from ${from};`
    const noteOne = (sign: number, row: string) =>
      `insert into ${logOf(unit)} (${into}) values (${[sign, ...columns.map((column) => `${row}.${column}`)].join(', ')});`
    const came = (body: string) => `if tg_op <> 'DELETE' then ${body} end if;`
    const went = (body: string) => `if tg_op <> 'INSERT' then ${body} end if;`
    return unit.level === 'row'
      ? [[named('_row'), went(noteOne(-1, 'old')) + came(noteOne(1, 'new'))]]
      : [[named(''), went(note(-1, 'before')) + came(note(1, 'touched'))]]
  }
  const list = columns.join(', ')
  const note = (from: string) =>
    `insert into ${logOf(unit)} (${list}) select ${columns.map((column) => `${from}.${column}`).join(', ')} from ${from};`
  const noteOne = (row: string) =>
    `insert into ${logOf(unit)} (${list}) values (${columns.map((column) => `${row}.${column}`).join(', ')});`
  if (unit.level === 'row') {
    const moved = `if tg_op = 'INSERT' then ${noteOne('new')} elsif tg_op = 'UPDATE' then if ${keyChanged(unit)} then ${noteOne('new')} end if; end if;`
    return [[named('_row'), `if tg_op <> 'INSERT' then ${noteOne('old')} end if; ${moved}`]]
  }
  const tree = unit.members.some(({partitioned}) => partitioned)
  return [
    [named(''), note('touched')],
    [named('_old'), noteOne('old')],
    ...(tree ? [[named('_both'), note('before') + note('touched')] satisfies [string, string]] : []),
  ]
}

const keyChanged = (unit: Unit): string => `not (${sameKey(unit, 'old', 'new')})`

/** The triggers that a member must have: name, and what follows `create trigger name`. */
export function triggersOf(unit: Unit, {relation, partitioned}: Member): [name: string, definition: string][] {
  const name = (kind: string) => `${CAPTURE_TRIGGER}_${kind}`
  const run = (kind: string) => `execute function ${OWN_SCHEMA}.note_${unit.oid}${kind}()`
  const each = 'for each statement'
  const truncate: [string, string] = [
    name('truncate'),
    `after truncate on ${relation} ${each} execute function ${OWN_SCHEMA}.note_truncate(${unit.oid})`,
  ]
  if (unit.level === 'row') {
    return [truncate, [name('row'), `after insert or update or delete on ${relation} for each row ${run('_row')}`]]
  }
  if (!isKeyed(unit)) {
    const [came, went] = ['new table as touched', 'old table as before']
    return [
      truncate,
      [name('insert'), `after insert on ${relation} referencing ${came} ${each} ${run('')}`],
      [name('update'), `after update on ${relation} referencing ${went} ${came} ${each} ${run('')}`],
      [name('delete'), `after delete on ${relation} referencing ${went} ${each} ${run('')}`],
    ]
  }
  // An update of a tree may move a row to another partition: then no row trigger tells of its old key.
  const update: [string, string][] = partitioned
    ? [
        [
          name('update'),
          `after update on ${relation} referencing old table as before new table as touched ${each} ${run('_both')}`,
        ],
      ]
    : [
        [name('update'), `after update on ${relation} referencing new table as touched ${each} ${run('')}`],
        [name('key'), `after update on ${relation} for each row when (${keyChanged(unit)}) ${run('_old')}`],
      ]
  return [
    truncate,
    [name('insert'), `after insert on ${relation} referencing new table as touched ${each} ${run('')}`],
    ...update,
    [name('delete'), `after delete on ${relation} referencing old table as touched ${each} ${run('')}`],
  ]
}
