import type {Question} from '../postgres/answers.js'
import {notOfExtension, USER_SCHEMA} from '../postgres/catalog.js'

export interface MaterializedView {
  /** As SQL needs it. */
  name: string
  populated: boolean
}

/** Materialized views, each after those it reads from, however many plain views lie between. */
export const MATERIALIZED_VIEWS: Question<MaterializedView[]> = {
  query: `
    with recursive reads as (
      select distinct r.ev_class as reader, d.refobjid as "read"
      from pg_rewrite r
      -- the rule of a view depends on what the view reads
      join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
        and d.refclassid = 'pg_class'::regclass and d.refobjid <> r.ev_class),
    depth as (
      select c.oid, 0 as level
      from pg_class c
      where c.relkind in ('m', 'v')
      union
      select reads.reader, depth.level + 1
      from depth
      join reads on reads."read" = depth.oid)
    select coalesce(json_agg(json_build_object('name', name, 'populated', populated) order by level, name), '[]')
    from (
      select concat('"', replace(n.nspname, '"', '""'), '"."', replace(c.relname, '"', '""'), '"') as name,
        c.relispopulated as populated,
        max(depth.level) as level
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      join depth on depth.oid = c.oid
      where c.relkind = 'm'
        and ${USER_SCHEMA}
        and ${notOfExtension('pg_class', 'c.oid')}
      group by 1, 2) views`,
}
