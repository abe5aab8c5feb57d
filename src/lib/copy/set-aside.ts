import {callsAppCode} from '../postgres/app-code.js'
import {ALL_QUOTED, identifier, notOfExtension, USER_SCHEMA} from '../postgres/catalog.js'
import type {Queryable, Session} from '../ports/ports.js'

/*
 * Constraints that a row of the source need not meet when it arrives: those that are not valid, which older rows may violate, and those
 * that call the app's own functions, which may look for rows that are still on their way.
 */

/** SQL condition on `pg_constraint k`, of a table or a domain. */
export const NEED_NOT_HOLD = `(
    k.contype in ('c', 'n') and not k.convalidated
    or k.contype = 'c' and ${callsAppCode('pg_constraint', 'k.oid')})`

/** A check that is made again when the last row is there. */
export interface Check {
  /** `table "s"."t"` or `domain "s"."d"`. */
  on: string
  /** Quoted. */
  name: string
  /** As `add constraint` takes it; holds for new rows only. */
  add: string
}

/**
 * Checks that pg_dump makes with their table or domain, but which have to wait for the rows: valid ones, because the others come after the rows
 * anyway. One that is a table's own and inherited as well comes before the one that it is merged with.
 */
export async function checksToWait(source: Queryable): Promise<Check[]> {
  const rows = await source.query<{kind: string; schema: string; relation: string; name: string; definition: string}>(`
    ${ALL_QUOTED}
    select case when k.contypid = 0 then 'table' else 'domain' end as kind,
      n.nspname as schema,
      coalesce(c.relname, t.typname) as relation,
      k.conname as name,
      pg_get_constraintdef(k.oid) as definition
    from pg_constraint k
    left join pg_class c on c.oid = k.conrelid
    left join pg_type t on t.oid = k.contypid
    join pg_namespace n on n.oid = coalesce(c.relnamespace, t.typnamespace)
    where k.contype = 'c'
      and k.convalidated
      and (k.contypid <> 0 or k.conislocal and c.relkind in ('r', 'p'))
      and ${NEED_NOT_HOLD}
      and ${USER_SCHEMA}
      and ${notOfExtension('pg_class', 'k.conrelid')}
      and ${notOfExtension('pg_type', 'k.contypid')}
    order by k.coninhcount desc, 2, 3, 4`)
  return rows.map(({kind, schema, relation, name, definition}) => ({
    on: `${kind} ${identifier(schema, relation)}`,
    name: identifier(name),
    add: `alter ${kind} ${identifier(schema, relation)} add constraint ${identifier(name)} ${definition} not valid`,
  }))
}

/** SQL: the statements that take them off (`drop`), those of a parent (`nth`) before those that its children have as well. */
export const DROP_CHECKS = `
  select format('alter %s %I.%I drop constraint if exists %I',
      case when k.contypid = 0 then 'table' else 'domain' end,
      n.nspname,
      coalesce(c.relname, t.typname),
      k.conname) as drop,
    k.coninhcount as nth
  from pg_constraint k
  left join pg_class c on c.oid = k.conrelid
  left join pg_type t on t.oid = k.contypid
  join pg_namespace n on n.oid = coalesce(c.relnamespace, t.typnamespace)
  where ${NEED_NOT_HOLD}
    and (k.contypid <> 0 or k.conislocal and c.relkind in ('r', 'p'))
    and ${USER_SCHEMA}
    and ${notOfExtension('pg_class', 'k.conrelid')}
    and ${notOfExtension('pg_type', 'k.contypid')}`

/** Takes them off in a transaction that makes their tables. */
export async function dropChecks(session: Session): Promise<void> {
  for (const {drop} of await session.query<{drop: string}>(`${DROP_CHECKS} order by nth, 1`)) await session.query(drop)
}
