import {notOfExtension, USER_SCHEMA} from '../../postgres/catalog.js'
import type {Queryable} from '../../ports/ports.js'

/** A function of the customer's. */
export interface Routine {
  oid: string
  /** With schema and arguments, as `alter function` takes it. */
  name: string
  schema: string
  /** Its name alone, as the catalog has it. */
  called: string
  language: string
  body: string
  /** Its names are found in the same way under every search_path: it has one of its own, or its body is parsed. */
  settled: boolean
}

/** What Postgres builds, or computes as it writes rows, under a search_path of its own, and what calls functions of the customer's. */
export interface Build {
  kind: 'check' | 'domain' | 'generated column' | 'index' | 'materialized view' | 'statistics'
  oid: string
  name: string
  /** That it calls itself, or through operators, domains and views. */
  routines: Routine[]
}

/** How findings name it. */
export const labelOf = ({kind, name}: Build): string => `${kind} ${name}`

const ROUTINE = `
  select p.oid::text as oid,
    format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as name,
    n.nspname as schema,
    p.proname as called,
    l.lanname as language,
    p.prosrc as body,
    to_jsonb(p) ->> 'prosqlbody' is not null
      or exists (select from unnest(p.proconfig) setting where setting like 'search_path=%') as settled
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  join pg_language l on l.oid = p.prolang
  where p.prokind = 'f'
    and l.lanname not in ('internal', 'c')
    and ${USER_SCHEMA}
    and ${notOfExtension('pg_proc', 'p.oid')}`

const INDEXES = `
      select 'index' as kind, x.oid, format('%I.%I', n.nspname, x.relname) as name,
        'pg_class'::regclass as classid, x.oid as objid
      from pg_index i
      join pg_class x on x.oid = i.indexrelid and x.relkind = 'i'
      join pg_namespace n on n.oid = x.relnamespace
      where (i.indexprs is not null or i.indpred is not null)
        and ${USER_SCHEMA}`

const BUILT = `${INDEXES}
      union all
      select 'statistics', s.oid, format('%I.%I', n.nspname, s.stxname), 'pg_statistic_ext'::regclass, s.oid
      from pg_statistic_ext s
      join pg_namespace n on n.oid = s.stxnamespace
      where to_jsonb(s) ->> 'stxexprs' is not null
        and ${USER_SCHEMA}
      union all
      select 'materialized view', c.oid, format('%I.%I', n.nspname, c.relname), 'pg_rewrite'::regclass, r.oid
      from pg_class c
      join pg_rewrite r on r.ev_class = c.oid
      join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'm'
        and c.relispopulated
        and ${USER_SCHEMA}`

const WRITTEN = `${INDEXES}
      union all
      select 'check', k.oid, format('%I of %I.%I', k.conname, n.nspname, c.relname), 'pg_constraint'::regclass, k.oid
      from pg_constraint k
      join pg_class c on c.oid = k.conrelid
      join pg_namespace n on n.oid = c.relnamespace
      where k.contype = 'c'
        and ${USER_SCHEMA}
      union all
      select 'generated column', d.oid, format('%I.%I.%I', n.nspname, c.relname, a.attname),
        'pg_attrdef'::regclass, d.oid
      from pg_attrdef d
      join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum and a.attgenerated <> ''
      join pg_class c on c.oid = d.adrelid
      join pg_namespace n on n.oid = c.relnamespace
      where ${USER_SCHEMA}
      union all
      select distinct 'domain', t.oid, format('%I.%I', n.nspname, t.typname), 'pg_type'::regclass, t.oid
      from pg_type t
      join pg_namespace n on n.oid = t.typnamespace
      join pg_attribute a on a.atttypid = t.oid and not a.attisdropped
      where t.typtype = 'd'
        and ${USER_SCHEMA}`

/**
 * What calls functions of the customer's, with these functions: where something is built, indexes and statistics with expressions and populated
 * materialized views; where rows are written, these indexes, checks, generated columns and domains of columns.
 */
export async function builds(source: Queryable, where: 'built' | 'written'): Promise<Build[]> {
  const objects = where === 'built' ? BUILT : WRITTEN
  const rows = await source.query<{kind: Build['kind']; build: string; buildName: string} & Routine>(`
    with recursive built as (
      ${objects}),
    reached as (
      select kind, oid, name, classid, objid
      from built
      union
      select r.kind, r.oid, r.name, next.classid, next.objid
      from reached r
      cross join lateral (
        select d.refclassid::regclass as classid, d.refobjid as objid
        from pg_depend d
        where d.classid = r.classid
          and d.objid = r.objid
          and d.refclassid in (
            'pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass, 'pg_class'::regclass)
          -- of relations, views alone are expanded
          and (d.refclassid <> 'pg_class'::regclass
            or exists (select from pg_class v where v.oid = d.refobjid and v.relkind = 'v'))
        union all
        select 'pg_rewrite'::regclass, w.oid
        from pg_rewrite w
        where r.classid = 'pg_class'::regclass and w.ev_class = r.objid and r.objid <> r.oid
        union all
        -- of a domain
        select 'pg_constraint'::regclass, k.oid
        from pg_constraint k
        where r.classid = 'pg_type'::regclass and k.contypid = r.objid) next)
    select distinct r.kind, r.oid::text as build, r.name as "buildName", f.*
    from reached r
    join (${ROUTINE}) f on r.classid = 'pg_proc'::regclass and f.oid = r.objid::text
    order by 1, 3, f.name`)
  const found = new Map<string, Build>()
  for (const {kind, build, buildName, ...routine} of rows) {
    const known = found.get(build) ?? {kind, oid: build, name: buildName, routines: []}
    known.routines.push(routine)
    found.set(build, known)
  }
  return [...found.values()]
}

/** The customer's functions with these names. */
export const routinesNamed = (source: Queryable, names: readonly string[]): Promise<Routine[]> =>
  source.query<Routine>(`${ROUTINE} and p.proname = any ($1)`, [names])

/** Definitions of populated materialized views, and of the views they read, with functions that run a query from a string. */
export const viewsWithQueries = (source: Queryable): Promise<{name: string; definition: string}[]> =>
  source.query<{name: string; definition: string}>(`
    with recursive read as (
      select c.oid as built, c.oid
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'm'
        and c.relispopulated
        and ${USER_SCHEMA}
      union
      select r.built, v.oid
      from read r
      join pg_rewrite w on w.ev_class = r.oid
      join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
      join pg_class v on v.oid = d.refobjid and v.relkind = 'v')
    select format('%I.%I', n.nspname, c.relname) as name, pg_get_viewdef(r.oid) as definition
    from read r
    join pg_class c on c.oid = r.built
    join pg_namespace n on n.oid = c.relnamespace
    where pg_get_viewdef(r.oid) ~ '(ts_stat|ts_rewrite|crosstab|query_to_xml)'
    order by 1`)
