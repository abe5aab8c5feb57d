import {ALL_QUOTED, identifier, literal, notOfExtension, USER_SCHEMA} from '../postgres/catalog.js'
import {failed} from '../ports/errors.js'
import {appSearchPath, searching} from '../postgres/app-search-path.js'
import {isLockConflict} from '../postgres/table-lock.js'
import type {Database, Queryable, SchemaDump, Session} from '../ports/ports.js'
import {dropChecks, NEED_NOT_HOLD} from './set-aside.js'
import {createExtensions, objectStatements} from './copy-schema.js'
import {ALREADY_THERE, executeAll} from './execute.js'
import {UNIQUE_VIOLATION, WRONG_OBJECT_TYPE} from '../postgres/sqlstate.js'
import {fenceCreated} from '../fence/fence.js'
import {listTables, type TableName} from '../postgres/tables.js'

/** A table that is a partition already, and a text search object whose name is taken, have codes of their own. */
const THERE_ALREADY = new Set([...ALREADY_THERE, WRONG_OBJECT_TYPE, UNIQUE_VIOLATION])

/**
 * Makes the objects of a target the source's again, after the source's schema changed under a copy. Tables that are no longer what they
 * are on the source, or that are named in `again`, are dropped and made again without their rows; views and functions, which hold none,
 * are all made again; indexes that are no more go, those that are new come when the copy goes on. All or nothing, with what `meanwhile`
 * does, to which the tables that still hold their rows are told.
 */
export async function adaptSchema(
  {source, target, schemaDump}: {source: Database; target: Database; schemaDump: SchemaDump},
  again: ReadonlySet<string>,
  meanwhile: (session: Session, kept: ReadonlySet<string>) => Promise<void>,
): Promise<void> {
  await createExtensions({source, target})
  await addEnumLabels({source, target})
  const statements = await objectStatements({source, target, schemaDump})
  const [definitions, indexes] = [await tableDefinitions(source), await indexDefinitions(source)]
  const path = searching(await appSearchPath(source))
  const adapted = target.transaction(
    async (session) => {
      await session.query(`set local lock_timeout = '60s'`)
      await dropViews(session)
      const kept = await dropOtherTables(session, definitions, again)
      await dropOtherIndexes(session, indexes)
      await meanwhile(session, kept)
      await session.query(path)
      const remaking = statements.map(({sql, words}) => ({
        words,
        sql: sql.replace(/^CREATE (FUNCTION|PROCEDURE|AGGREGATE) /m, 'CREATE OR REPLACE $1 '),
      }))
      await executeAll(session, remaking, {allowed: THERE_ALREADY, inTransaction: true})
      await dropChecks(session)
      await fenceCreated(session)
    },
    {discard: true},
  )
  await adapted.catch((error: unknown) => {
    throw isLockConflict(error)
      ? failed(
          'table_busy',
          'another session is reading the copy on the target, so its tables cannot be recreated',
          'let a running heroku rds:verify end and run the same command again',
        )
      : error
  })
}

/** A label cannot be used in the transaction that adds it. One that is gone was renamed, to a label that the catalogs do not tell: that is left to the operator. */
async function addEnumLabels({source, target}: {source: Queryable; target: Queryable}): Promise<void> {
  const there = new Map((await enums(target)).map(({name, labels}) => [name, labels]))
  for (const {name, labels} of await enums(source)) {
    const known = there.get(name)
    if (known?.some((label) => !labels.includes(label))) continue
    for (const [nth, label] of known ? labels.entries() : []) {
      if (known!.includes(label)) continue
      const place = nth > 0 ? `after ${literal(labels[nth - 1]!)}` : `before ${literal(known![0]!)}`
      await target.query(
        `alter type ${name} add value if not exists ${literal(label)} ${known!.length > 0 ? place : ''}`,
      )
    }
  }
}

async function enums(db: Queryable): Promise<{name: string; labels: string[]}[]> {
  const rows = await db.query<{schema: string; type: string; labels: string[]}>(`
    select n.nspname as schema, t.typname as type, json_agg(e.enumlabel order by e.enumsortorder) as labels
    from pg_enum e join pg_type t on t.oid = e.enumtypid join pg_namespace n on n.oid = t.typnamespace
    where ${USER_SCHEMA} and ${notOfExtension('pg_type', 't.oid')} group by 1, 2`)
  return rows.map(({schema, type, labels}) => ({name: identifier(schema, type), labels}))
}

async function dropViews(session: Session): Promise<void> {
  const views = await session.query<{schema: string; name: string; kind: string}>(`
    select n.nspname as schema, c.relname as name,
      case c.relkind when 'm' then 'materialized view' else 'view' end as kind
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('v', 'm') and ${USER_SCHEMA} and ${notOfExtension('pg_class', 'c.oid')}`)
  await session.query(
    views.map(({schema, name, kind}) => `drop ${kind} if exists ${identifier(schema, name)} cascade`).join('; '),
  )
}

/** Until none is left that is not as it is on the source: dropping one may take columns of others along. */
async function dropOtherTables(
  session: Session,
  definitions: ReadonlyMap<string, string>,
  again: ReadonlySet<string>,
): Promise<Set<string>> {
  for (let first = true; ; first = false) {
    const there = await tableDefinitions(session)
    const drops = [...there].filter(
      ([table, definition]) => definition !== definitions.get(table) || (first && again.has(table)),
    )
    if (drops.length === 0) return new Set(there.keys())
    await session.query(drops.map(([table]) => `drop table if exists ${table} cascade`).join('; '))
  }
}

/** All that CREATE TABLE says, by table. */
async function tableDefinitions(db: Queryable): Promise<Map<TableName, string>> {
  const rows = await listTables<{definition: string}>(db, {
    before: ALL_QUOTED,
    columns: `
      replace(concat_ws(E'\\n',
        c.relkind, c.relpersistence, pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid),
        (select string_agg(i.inhparent::regclass::text, ', ' order by i.inhseqno)
         from pg_inherits i
         where i.inhrelid = c.oid),
        (select string_agg(
           concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), a.attnotnull,
             case when not c.relispartition then a.attidentity end, a.attgenerated,
             nullif(a.attcollation, t.typcollation)::regcollation, pg_get_expr(d.adbin, c.oid)),
           E'\\n' order by a.attname)
         from pg_attribute a
         join pg_type t on t.oid = a.atttypid
         left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
        (select string_agg(k.conname, ', ' order by k.conname)
         from pg_constraint k
         where k.conrelid = c.oid and k.contype = 'c' and not ${NEED_NOT_HOLD})), '"', '') as definition`,
  })
  return new Map(rows.map(({name, definition}) => [name, definition]))
}

async function dropOtherIndexes(session: Session, source: readonly IndexDefinition[]): Promise<void> {
  const known = new Set(source.map(({definition}) => definition))
  const others = (await indexDefinitions(session)).filter(({definition}) => !known.has(definition))
  const drops = others.map(({table, index, constraint}) =>
    constraint === null
      ? `drop index if exists ${index} cascade`
      : `alter table ${table} drop constraint if exists ${constraint} cascade`,
  )
  await session.query(drops.join('; '))
}

interface IndexDefinition {
  /** Quoted, with schema. */
  table: string
  index: string
  /** That rests on it, quoted; null when none does. */
  constraint: string | null
  definition: string
}

/** Those of partitions that belong to the index of their root go and come with it. */
async function indexDefinitions(db: Queryable): Promise<IndexDefinition[]> {
  const rows = await db.query<
    Record<'definition' | 'index' | 'schema' | 'table', string> & {constraint: string | null}
  >(`
    ${ALL_QUOTED}
    select n.nspname as schema, c.relname as table, x.relname as index, k.conname as constraint,
      concat_ws(' ', pg_get_indexdef(x.oid), k.contype, k.conname) as definition
    from pg_index i
    join pg_class x on x.oid = i.indexrelid
    join pg_class c on c.oid = i.indrelid
    join pg_namespace n on n.oid = c.relnamespace
    left join pg_constraint k on k.conindid = x.oid and k.conrelid = c.oid and k.contype in ('p', 'u', 'x')
    where c.relkind in ('r', 'p')
      and not x.relispartition
      and ${USER_SCHEMA}
      and ${notOfExtension('pg_class', 'c.oid')}`)
  return rows.map(({schema, table, index, constraint, definition}) => ({
    table: identifier(schema, table),
    index: identifier(schema, index),
    constraint: constraint === null ? null : identifier(constraint),
    definition,
  }))
}
