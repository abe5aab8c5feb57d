import {notOfExtension, USER_SCHEMA} from './catalog.js'

/**
 * SQL condition: the object calls a function of the customer's, itself or by an operator. What such a function does cannot be told from
 * the outside: it may look into tables, however it is declared.
 */
export const callsAppCode = (catalog: string, oid: string): string => `exists (
    select from pg_depend d
    left join pg_operator o on d.refclassid = 'pg_operator'::regclass and o.oid = d.refobjid
    join pg_proc p on p.oid = case when d.refclassid = 'pg_proc'::regclass then d.refobjid else o.oprcode end
    join pg_namespace n on n.oid = p.pronamespace
    where d.classid = '${catalog}'::regclass
      and d.objid = ${oid}
      and ${USER_SCHEMA}
      and ${notOfExtension('pg_proc', 'p.oid')})`
