/**
 * SQL condition on `pg_class c`: a partition, or a tree of them, whose rows can belong to other partitions on another server. Where HASH
 * decides, it is sure to decide alike only for plain values: an enumerated value is hashed by its OID, and a collation that takes
 * different strings for equal by the version of its library (Postgres 17, "pg_dump --load-via-partition-root").
 */
export const HASHED_OTHERWISE = `exists (
    select
    from pg_partition_tree(pg_partition_root(c.oid)) member
    join pg_partitioned_table p on p.partrelid = member.relid and p.partstrat = 'h'
    cross join lateral unnest(p.partattrs::int2[], p.partclass::oid[], p.partcollation::oid[]) k (num, class, coll)
    join pg_opclass o on o.oid = k.class
    -- what is hashed: of an expression or a domain, too, the type behind it
    join pg_type t on t.oid = o.opcintype
    left join pg_attribute a on a.attrelid = p.partrelid and a.attnum = k.num and k.num <> 0
    left join pg_collation l on l.oid = k.coll
    where t.typnamespace <> 'pg_catalog'::regnamespace
      or t.typtype <> 'b'
      -- regclass and its like are hashed as the OIDs that they are
      or t.oid = 'oid'::regtype and a.atttypid is distinct from t.oid
      or not coalesce(l.collisdeterministic, true))`

/** SQL expression on `pg_class c`: the quoted name of the root through which its rows have to go; null where they go where they were. */
export const ROUTED_BY = `case when c.relispartition and ${HASHED_OTHERWISE} then (
        select format('"%s"."%s"', replace(s.nspname, '"', '""'), replace(r.relname, '"', '""'))
        from pg_class r
        join pg_namespace s on s.oid = r.relnamespace
        where r.oid = pg_partition_root(c.oid)) end`
