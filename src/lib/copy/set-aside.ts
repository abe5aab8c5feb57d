import {callsAppCode} from '../postgres/app-code.js'
import {ALL_QUOTED, identifier, notOfExtension, USER_SCHEMA} from '../postgres/catalog.js'
import type {Queryable, Session} from '../ports/ports.js'
import type {Statement} from './sql-lexer.js'

/*
 * Constraints that a row of the source need not meet when it arrives: those that are not valid, which older rows may violate, and those
 * that call the app's own functions, which may look for rows that are still on their way.
 */

/** SQL condition on `pg_constraint k`, of a table or a domain. */
export const NEED_NOT_HOLD = `(
    k.contype in ('c', 'n') and not k.convalidated
    or k.contype = 'c' and ${callsAppCode('pg_constraint', 'k.oid')})`

/** SQL: such constraints `k`, each of a table `c` or a domain `t` in schema `n`; inherited ones come and go with their parent's. */
const SET_ASIDE = `pg_constraint k
  left join pg_class c on c.oid = k.conrelid
  left join pg_type t on t.oid = k.contypid
  join pg_namespace n on n.oid = coalesce(c.relnamespace, t.typnamespace)
  where ${NEED_NOT_HOLD}
    and (k.contypid <> 0 or k.conislocal and c.relkind in ('r', 'p'))
    and ${USER_SCHEMA}
    and ${notOfExtension('pg_class', 'k.conrelid')}
    and ${notOfExtension('pg_type', 'k.contypid')}`

const KIND = `case when k.contypid = 0 then 'table' else 'domain' end`

/** A check that is made again when the last row is there. */
export interface Check {
  kind: 'domain' | 'table'
  /** Quoted, with schema. */
  on: string
  /** Quoted. */
  name: string
  /** As `add constraint` takes it. */
  definition: string
}

/**
 * Checks that pg_dump makes with their table or domain, but which have to wait for the rows: valid ones, because the others come after
 * the rows anyway. One that is a table's own and inherited as well comes before the one that it is merged with.
 */
export async function checksToWait(source: Queryable): Promise<Check[]> {
  const rows = await source.query<
    Pick<Check, 'definition' | 'kind'> & {schema: string; relation: string; constraint: string}
  >(`
    ${ALL_QUOTED}
    select ${KIND} as kind,
      n.nspname as schema,
      coalesce(c.relname, t.typname) as relation,
      k.conname as constraint,
      pg_get_constraintdef(k.oid) as definition
    from ${SET_ASIDE}
      and k.contype = 'c'
      and k.convalidated
    order by k.coninhcount desc, 2, 3, 4`)
  return rows.map(({kind, schema, relation, constraint, definition}) => ({
    kind,
    on: identifier(schema, relation),
    name: identifier(constraint),
    definition,
  }))
}

/** Makes it again, for new rows only. */
export const addCheck = ({kind, on, name, definition}: Check): Statement => ({
  sql: `alter ${kind} ${on} add constraint ${name} ${definition} not valid`,
  words: ['alter', kind, on, 'add', 'constraint', name],
})

/** SQL: the statements that take them off (`drop`), those of a parent (`nth`) before those that its children have as well. */
export const DROP_CHECKS = `
  select format('alter %s %I.%I drop constraint if exists %I',
      ${KIND}, n.nspname, coalesce(c.relname, t.typname), k.conname) as drop,
    k.coninhcount as nth
  from ${SET_ASIDE}`

/** Takes them off in a transaction that makes their tables. */
export async function dropChecks(session: Session): Promise<void> {
  const drops = await session.query<{drop: string}>(`${DROP_CHECKS} order by nth, 1`)
  if (drops.length > 0) await session.query(drops.map(({drop}) => drop).join('; '))
}
