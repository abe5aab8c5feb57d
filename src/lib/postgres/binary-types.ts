/**
 * Types whose binary form is the same on every server: built-in ones, but for those that stand for an OID; enums, which
 * travel by label; domains over these. Arrays, composites and ranges of the customer's own carry OIDs of their parts.
 */
export const TYPES_THAT_TRAVEL = `
  with recursive travels as (
    select t.oid from pg_type t left join pg_type e on e.oid = t.typelem and t.typcategory = 'A'
    where t.typtype in ('b', 'r', 'm') and t.oid < 10000 and t.typsend <> 0 and t.typreceive <> 0
      and coalesce(e.typname, t.typname) !~ '^reg' and coalesce(e.typname, t.typname) <> 'xml'
    union all select oid from pg_type where typtype = 'e'
    union all select d.oid from pg_type d join travels on d.typbasetype = travels.oid where d.typtype = 'd')`
