import {notOfExtension, USER_SCHEMA} from '../../catalog.js'

/** Relations of the customer's: `c` and its schema `n`. */
export const RELATIONS = `pg_class c join pg_namespace n on n.oid = c.relnamespace and ${USER_SCHEMA} and ${notOfExtension('pg_class', 'c.oid')}`

/** The name of relation `c` as SQL needs it. */
export const NAME = `format('%I.%I', n.nspname, c.relname)`
