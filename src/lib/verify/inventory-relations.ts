import {NEED_NOT_HOLD} from '../copy/set-aside.js'
import {notOfExtension, OWN_SCHEMA, USER_SCHEMA} from '../postgres/catalog.js'

const relation = `format('%I.%I', n.nspname, c.relname)`
const ofRelation = `pg_class c
    join pg_namespace n on n.oid = c.relnamespace`
const oursOrTheirs = `${USER_SCHEMA}
      and ${notOfExtension('pg_class', 'c.oid')}`

/** Tables, views and what belongs to one of them, as `inventory` reads them; options that change no result are left out. */
export const RELATIONS = `
    select 'with the schema' as comes,
      format('%s %s%s%s%s%s%s%s',
        case c.relkind
          when 'r' then 'table'
          when 'p' then 'partitioned table'
          when 'v' then 'view'
          when 'm' then 'materialized view'
          when 'S' then 'sequence'
          when 'f' then 'foreign table'
          when 'c' then 'composite type' end,
        ${relation},
        case when c.relpersistence = 'u' and c.relkind in ('r', 'm') then ' unlogged' end,
        ' of ' || nullif(c.reloftype, 0)::regtype,
        ' partition by ' || pg_get_partkeydef(c.oid),
        case when c.relrowsecurity then ' row security' end,
        case when c.relforcerowsecurity then ' forced' end,
        (select ' with ' || string_agg(option, ', ' order by option)
         from unnest(c.reloptions) option
         where c.relkind = 'v')) as line,
      case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end as wording
    from ${ofRelation}
    where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c')
      and ${oursOrTheirs}
    union all
    select 'with the schema',
      format('column %s.%I %s%s%s%s%s%s%s',
        ${relation},
        a.attname,
        format_type(a.atttypid, a.atttypmod),
        case when a.attnotnull then ' not null' end,
        case when a.attidentity <> '' and not c.relispartition then ' identity ' || a.attidentity::text end,
        case a.attgenerated when 's' then ' generated' when 'v' then ' generated virtual' end,
        case when d.oid is not null then ' default ' || pg_get_expr(d.adbin, c.oid) end,
        case when a.attcollation <> t.typcollation then ' collate ' || a.attcollation::regcollation end,
        -- that of a parent goes to new children, not that of the source's children
        case when a.attstorage <> t.typstorage and c.relkind in ('r', 'p') and a.attinhcount = 0
          then ' storage ' || a.attstorage::text end),
      null
    from ${ofRelation}
    join pg_attribute a on a.attrelid = c.oid
    join pg_type t on t.oid = a.atttypid
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
      and a.attnum > 0
      and not a.attisdropped
      and ${oursOrTheirs}
    union all
    select 'with the schema',
      format('partition %s of %s %s', ${relation}, i.inhparent::regclass, pg_get_expr(c.relpartbound, c.oid)),
      null
    from ${ofRelation}
    join pg_inherits i on i.inhrelid = c.oid
    where c.relkind in ('r', 'p', 'f')
      and ${oursOrTheirs}
    union all
    select 'with the rows',
      format('index %I on %s: %s%s',
        x.relname,
        ${relation},
        pg_get_indexdef(x.oid),
        (select ' attached to ' || h.inhparent::regclass from pg_inherits h where h.inhrelid = x.oid)),
      null
    from ${ofRelation}
    join pg_index i on i.indrelid = c.oid
    join pg_class x on x.oid = i.indexrelid
    -- pg_dump leaves out what a failed create index concurrently left; that of a partitioned table is as valid as
    -- the indexes that are attached to it
    where (i.indisvalid or c.relkind = 'p')
      and ${oursOrTheirs}
    union all
    select case when k.contype in ('f', 't') or ${NEED_NOT_HOLD} then 'in the window' else 'with the rows' end,
      format('constraint %I on %s %s%s%s',
        k.conname,
        ${relation},
        k.contype,
        case
          when k.contype in ('c', 'n') then case when k.connoinherit then ' no inherit' end
          else ' ' || replace(pg_get_constraintdef(k.oid), ' NOT VALID', '') end,
        case when not k.convalidated then ' not valid' end),
      case when k.contype = 'c' then replace(pg_get_constraintdef(k.oid), ' NOT VALID', '') end
    from ${ofRelation}
    join pg_constraint k on k.conrelid = c.oid
    -- a valid not null is a constraint from 18 on; the column tells of it
    where (k.contype <> 'n' or not k.convalidated)
      and k.conparentid = 0
      and ${oursOrTheirs}
    union all
    select case when c.relkind in ('r', 'p') then 'in the window' else 'with the rows' end,
      format('trigger %s on %s %s: %s',
        -- before 15 that of a partition keeps its name when its parent's is renamed
        case when t.tgparentid = 0 then quote_ident(t.tgname) else 'of its parent' end,
        ${relation},
        t.tgenabled,
        regexp_replace(
          replace(pg_get_triggerdef(t.oid), ' TRIGGER ' || quote_ident(t.tgname) || ' ', ' TRIGGER '),
          ' WHEN \\(.*\\) EXECUTE ', ' WHEN … EXECUTE ')),
      case when t.tgqual is not null then pg_get_triggerdef(t.oid) end
    from ${ofRelation}
    join pg_trigger t on t.tgrelid = c.oid
    -- 13 and 14 call internal what a partition has from its parent, as all call the triggers of foreign keys
    where (not t.tgisinternal or t.tgparentid <> 0 and t.tgname !~ '^RI_ConstraintTrigger')
      and t.tgname not like '${OWN_SCHEMA}%'
      and ${oursOrTheirs}
    union all
    select 'with the rows',
      format('policy %I on %s %s for %s to %s%s%s',
        p.polname,
        ${relation},
        case when p.polpermissive then 'permissive' else 'restrictive' end,
        case p.polcmd
          when 'r' then 'select'
          when 'a' then 'insert'
          when 'w' then 'update'
          when 'd' then 'delete'
          else 'all' end,
        -- the owner has another name on each side
        (select string_agg(name, ', ' order by name)
         from unnest(p.polroles) role
         cross join lateral (
           select case role
             when 0 then 'public'
             when c.relowner then 'its owner'
             else role::regrole::text end) r (name)),
        case when p.polqual is not null then ' using' end,
        case when p.polwithcheck is not null then ' with check' end),
      concat_ws(' ', pg_get_expr(p.polqual, c.oid), 'with check', pg_get_expr(p.polwithcheck, c.oid))
    from ${ofRelation}
    join pg_policy p on p.polrelid = c.oid
    where ${oursOrTheirs}
    union all
    select case when c.relkind in ('r', 'p') then 'in the window' else 'with the rows' end,
      format('rule %I on %s on %s do %s%s%s',
        r.rulename,
        ${relation},
        case r.ev_type when '1' then 'select' when '2' then 'update' when '3' then 'insert' when '4' then 'delete' end,
        case when r.is_instead then 'instead' else 'also' end,
        case when r.ev_qual::text <> '<>' then ' on a condition' end,
        case when r.ev_enabled <> 'O' then ' ' || r.ev_enabled::text end),
      pg_get_ruledef(r.oid)
    from ${ofRelation}
    join pg_rewrite r on r.ev_class = c.oid
    where r.rulename <> '_RETURN'
      and ${oursOrTheirs}
    union all
    select 'with the rows',
      format('statistics %I.%I %s', n.nspname, s.stxname, s.stxkind),
      null
    from pg_statistic_ext s
    join pg_namespace n on n.oid = s.stxnamespace
    where ${USER_SCHEMA}
    union all
    select 'with the schema',
      format('sequence %s %s from %s by %s between %s and %s cache %s%s%s',
        ${relation},
        s.seqtypid::regtype,
        s.seqstart,
        s.seqincrement,
        s.seqmin,
        s.seqmax,
        s.seqcache,
        case when s.seqcycle then ' cycle' end,
        (select format(' owned by %s.%I', d.refobjid::regclass, a.attname)
         from pg_depend d
         join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
         where d.classid = 'pg_class'::regclass
           and d.objid = c.oid
           and d.refclassid = 'pg_class'::regclass
           and d.deptype in ('a', 'i'))),
      null
    from ${ofRelation}
    join pg_sequence s on s.seqrelid = c.oid
    where ${oursOrTheirs}`
