/** SQL condition on `pg_namespace n`: schemas of the customer's. */
export const MINE = `n.nspname !~ '^pg_' and n.nspname not in ('information_schema', '_heroku', 'heroku_rds')`

/** SQL condition: no member of an extension. */
export const memberless = (catalog: string, oid: string): string =>
  `not exists (
    select from pg_depend of
    where of.classid = '${catalog}'::regclass and of.objid = ${oid} and of.deptype = 'e')`
