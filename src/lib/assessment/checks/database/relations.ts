import {notOfExtension, USER_SCHEMA} from '../../../postgres/catalog.js'

const OURS = `${USER_SCHEMA} and ${notOfExtension('pg_class', 'c.oid')}`

/** SQL: the customer's relations `c` and their schemas `n`. */
export const RELATIONS = `pg_class c join pg_namespace n on n.oid = c.relnamespace and ${OURS}`

/** SQL: the customer's relation `c` with this oid and its schema `n`, for a join. */
export const relationOf = (oid: string): string =>
  `pg_class c on c.oid = ${oid} join pg_namespace n on n.oid = c.relnamespace and ${OURS}`

/** SQL: the columns `a` of the customer's tables and their types `t`, without partitions, which have those of their parents. */
export const COLUMNS = `${RELATIONS} and c.relkind in ('r', 'p') and not c.relispartition
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid`

/** SQL: the qualified and quoted name of relation `c`. */
export const NAME = `format('%I.%I', n.nspname, c.relname)`

/** SQL: the quoted name of column `a`, qualified by its relation. */
export const COLUMN = `format('%I.%I.%I', n.nspname, c.relname, a.attname)`
