import {notOfExtension, USER_SCHEMA} from '../../../postgres/catalog.js'

const OURS = `${USER_SCHEMA} and ${notOfExtension('pg_class', 'c.oid')}`

/** SQL: relations of the customer's, `c`, and their schemas `n`. */
export const RELATIONS = `pg_class c join pg_namespace n on n.oid = c.relnamespace and ${OURS}`

/** The same, to be joined to something that refers to one of them. */
export const relationOf = (oid: string): string =>
  `pg_class c on c.oid = ${oid} join pg_namespace n on n.oid = c.relnamespace and ${OURS}`

/** The columns `a` of the customer's tables, with their types `t`; partitions are their parents' affair. */
export const COLUMNS = `${RELATIONS} and c.relkind in ('r', 'p') and not c.relispartition
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped join pg_type t on t.oid = a.atttypid`

/** The name of relation `c` as SQL needs it. */
export const NAME = `format('%I.%I', n.nspname, c.relname)`

/** The name of column `a`, its relation's before it. */
export const COLUMN = `format('%I.%I.%I', n.nspname, c.relname, a.attname)`
