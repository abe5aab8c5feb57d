import {memberless, MINE} from './scope.js'

/**
 * Of tables and what hangs on them: queries for `name` and `definition`, by what they tell of. A foreign key of a partitioned
 * table has copies for its partitions, which each major names as it likes; heirs get the columns of their parents first when they are
 * created again; an index that is not valid is a remnant.
 */
export const RELATIONS: Record<string, string> = {
  relation: `
    select c.oid::regclass::text as name,
      concat_ws(' ', c.relkind, c.relpersistence, c.reloptions::text, 'security', c.relrowsecurity, c.relforcerowsecurity,
        'identity', c.relreplident, am.amname, pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid),
        'of', nullif(c.reloftype, 0)::regtype, 'toast', t.reloptions::text, 'populated', c.relispopulated,
        'parents', (
          select string_agg(i.inhparent::regclass::text, ',' order by i.inhseqno)
          from pg_inherits i
          where i.inhrelid = c.oid)) as definition
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    left join pg_am am on am.oid = c.relam
    left join pg_class t on t.oid = c.reltoastrelid
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and ${MINE} and ${memberless('pg_class', 'c.oid')}`,
  column: `
    select c.oid::regclass || '.' || a.attname as name,
      concat_ws(' ', case when h.heir is null then row_number() over (partition by c.oid order by a.attnum) end, format_type(a.atttypid, a.atttypmod),
        'not null', a.attnotnull, 'identity', a.attidentity, 'generated', a.attgenerated, 'default',
        pg_get_expr(d.adbin, d.adrelid), 'collate', nullif(a.attcollation, t.typcollation)::regcollation,
        'storage', a.attstorage, to_jsonb(a) ->> 'attcompression', 'statistics', nullif(a.attstattarget, -1),
        a.attoptions::text, a.attfdwoptions::text, 'inherited', a.attinhcount, a.attislocal) as definition
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    join pg_namespace n on n.oid = c.relnamespace
    join pg_type t on t.oid = a.atttypid
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    left join (select distinct inhrelid as heir from pg_inherits) h on h.heir = c.oid
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and a.attnum > 0 and not a.attisdropped
      and ${MINE} and ${memberless('pg_class', 'c.oid')}`,
  index: `
    select x.indexrelid::regclass::text as name,
      concat_ws(' ', pg_get_indexdef(x.indexrelid), 'primary', x.indisprimary, 'valid', x.indisvalid,
        'clustered', x.indisclustered, 'identity', x.indisreplident, 'parent', (
          select i.inhparent::regclass
          from pg_inherits i
          where i.inhrelid = x.indexrelid)) as definition
    from pg_index x
    join pg_class c on c.oid = x.indexrelid
    join pg_namespace n on n.oid = c.relnamespace
    where (x.indisvalid or c.relkind = 'I') and ${MINE} and ${memberless('pg_class', 'x.indrelid')}`,
  constraint: `
    select concat_ws(' ', nullif(k.conrelid, 0)::regclass, nullif(k.contypid, 0)::regtype, k.conname) as name,
      concat_ws(' ', k.contype, pg_get_constraintdef(k.oid), 'inherited', k.coninhcount, k.conislocal, 'parent', (
        select p.conname
        from pg_constraint p
        where p.oid = k.conparentid)) as definition
    from pg_constraint k
    join pg_namespace n on n.oid = k.connamespace
    where k.contype in ('c', 'f', 'p', 'u', 'x') and not (k.contype = 'f' and k.conparentid <> 0) and ${MINE}
      and ${memberless('pg_class', 'k.conrelid')} and ${memberless('pg_type', 'k.contypid')}`,
  trigger: `
    select t.tgrelid::regclass || '.' || t.tgname as name, concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid)) as definition
    from pg_trigger t
    join pg_class c on c.oid = t.tgrelid
    join pg_namespace n on n.oid = c.relnamespace
    join pg_proc p on p.oid = t.tgfoid
    where not t.tgisinternal and t.tgparentid = 0 and ${MINE}
      and p.pronamespace is distinct from to_regnamespace('heroku_rds')`,
  rule: `
    select r.ev_class::regclass || '.' || r.rulename as name, concat_ws(' ', r.ev_enabled, pg_get_ruledef(r.oid)) as definition
    from pg_rewrite r
    join pg_class c on c.oid = r.ev_class
    join pg_namespace n on n.oid = c.relnamespace
    where r.rulename <> '_RETURN' and ${MINE} and ${memberless('pg_class', 'c.oid')}`,
  view: `
    select c.oid::regclass::text as name, pg_get_viewdef(c.oid) as definition
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('v', 'm') and ${MINE} and ${memberless('pg_class', 'c.oid')}`,
  policy: `
    select p.polrelid::regclass || '.' || p.polname as name,
      concat_ws(' ', p.polcmd, p.polpermissive,
        array(select role::regrole from unnest(p.polroles) role where role <> d.datdba order by 1)::text,
        pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid)) as definition
    from pg_policy p
    join pg_class c on c.oid = p.polrelid
    join pg_namespace n on n.oid = c.relnamespace
    join pg_database d on d.datname = current_database()
    where ${MINE}`,
  sequence: `
    select c.oid::regclass::text as name,
      concat_ws(' ', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
        'owned by', (
          select d.refobjid::regclass || '.' || a.attname
          from pg_depend d
          join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
          where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')
            and d.refclassid = 'pg_class'::regclass)) as definition
    from pg_sequence s
    join pg_class c on c.oid = s.seqrelid
    join pg_namespace n on n.oid = c.relnamespace
    where ${MINE} and ${memberless('pg_class', 'c.oid')}`,
  statistics: `
    select n.nspname || '.' || s.stxname as name,
      pg_get_statisticsobjdef(s.oid) || coalesce(' target ' || nullif(s.stxstattarget, -1), '') as definition
    from pg_statistic_ext s
    join pg_namespace n on n.oid = s.stxnamespace
    where ${MINE}`,
}
