import {memberless, MINE} from './scope.js'

/**
 * Of everything but tables: queries for `name` and `definition`, by what they tell of. Each major keeps the locale of a collation in
 * another column and in other words.
 */
export const OBJECTS: Record<string, string> = {
  schema: `select n.nspname as name, '' as definition from pg_namespace n where ${MINE} and n.nspname <> 'heroku_ext'`,
  extension: `
    select e.extname as name, n.nspname as definition
    from pg_extension e
    join pg_namespace n on n.oid = e.extnamespace
    where e.extname <> 'pg_stat_statements'`,
  function: `
    select p.oid::regprocedure::text as name, pg_get_functiondef(p.oid) as definition
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where p.prokind <> 'a' and ${MINE} and ${memberless('pg_proc', 'p.oid')}`,
  aggregate: `
    select p.oid::regprocedure::text as name,
      concat_ws(' ', a.aggkind, a.aggnumdirectargs, a.aggtransfn::regprocedure, a.aggfinalfn::regproc, a.aggcombinefn::regproc,
        a.aggserialfn::regproc, a.aggmtransfn::regproc, a.aggminvtransfn::regproc, a.aggmfinalfn::regproc,
        a.aggtranstype::regtype, a.aggsortop::regoper, a.agginitval, a.aggminitval, p.proparallel, a.aggfinalmodify,
        pg_get_function_result(p.oid)) as definition
    from pg_aggregate a
    join pg_proc p on p.oid = a.aggfnoid
    join pg_namespace n on n.oid = p.pronamespace
    where ${MINE} and ${memberless('pg_proc', 'p.oid')}`,
  type: `
    select t.oid::regtype::text as name,
      concat_ws(' ', t.typtype, t.typcategory, t.typdelim, t.typstorage, t.typalign, 'not null', t.typnotnull,
        'default', t.typdefault, 'base', format_type(nullif(t.typbasetype, 0), t.typtypmod),
        'collate', nullif(t.typcollation, 0)::regcollation,
        'labels', (select array_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid)::text,
        'range', (
          select concat_ws(' ', r.rngsubtype::regtype, r.rngsubopc::text <> '0', r.rngcanonical, r.rngsubdiff)
          from pg_range r
          where r.rngtypid = t.oid)) as definition
    from pg_type t
    join pg_namespace n on n.oid = t.typnamespace
    where t.typelem = 0 and ${MINE} and ${memberless('pg_type', 't.oid')}
      and (t.typrelid = 0 or exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c'))`,
  operator: `
    select o.oid::regoperator::text as name,
      concat_ws(' ', o.oprcode, o.oprcom::regoperator, o.oprnegate::regoperator, o.oprrest, o.oprjoin, o.oprcanhash,
        o.oprcanmerge) as definition
    from pg_operator o
    join pg_namespace n on n.oid = o.oprnamespace
    where ${MINE} and ${memberless('pg_operator', 'o.oid')}`,
  'operator class': `
    select pg_describe_object('pg_opclass'::regclass, o.oid, 0) as name,
      concat_ws(' ', o.opcintype::regtype, o.opcdefault, nullif(o.opckeytype, 0)::regtype, (
        select string_agg(pg_describe_object('pg_amop'::regclass, m.oid, 0), '; ' order by m.amopstrategy, m.amoplefttype)
        from pg_amop m
        where m.amopfamily = o.opcfamily), (
        select string_agg(m.amprocnum || ' ' || m.amproc::regprocedure, '; ' order by m.amprocnum, m.amproc::regprocedure::text)
        from pg_amproc m
        where m.amprocfamily = o.opcfamily)) as definition
    from pg_opclass o
    join pg_namespace n on n.oid = o.opcnamespace
    where ${MINE} and ${memberless('pg_opclass', 'o.oid')}`,
  cast: `
    select pg_describe_object('pg_cast'::regclass, c.oid, 0) as name,
      concat_ws(' ', c.castcontext, c.castmethod, nullif(c.castfunc, 0)::regprocedure) as definition
    from pg_cast c
    where c.oid >= 16384 and ${memberless('pg_cast', 'c.oid')}`,
  collation: `
    select n.nspname || '.' || c.collname as name,
      concat_ws(' ', c.collprovider, c.collisdeterministic) as definition
    from pg_collation c
    join pg_namespace n on n.oid = c.collnamespace
    where ${MINE} and ${memberless('pg_collation', 'c.oid')}`,
  conversion: `
    select n.nspname || '.' || c.conname as name,
      concat_ws(' ', c.conforencoding, c.contoencoding, c.conproc, c.condefault) as definition
    from pg_conversion c
    join pg_namespace n on n.oid = c.connamespace
    where ${MINE}`,
  'text search configuration': `
    select c.oid::regconfig::text as name,
      concat_ws(' ', p.prsname, (
        select string_agg(m.maptokentype || ' ' || m.mapdict::regdictionary, ', ' order by m.maptokentype, m.mapseqno)
        from pg_ts_config_map m
        where m.mapcfg = c.oid)) as definition
    from pg_ts_config c
    join pg_namespace n on n.oid = c.cfgnamespace
    join pg_ts_parser p on p.oid = c.cfgparser
    where ${MINE} and ${memberless('pg_ts_config', 'c.oid')}`,
  'text search dictionary': `
    select d.oid::regdictionary::text as name, d.dictinitoption as definition
    from pg_ts_dict d
    join pg_namespace n on n.oid = d.dictnamespace
    where ${MINE} and ${memberless('pg_ts_dict', 'd.oid')}`,
  language: `
    select l.lanname as name, l.lanpltrusted::text as definition
    from pg_language l
    where l.lanispl and ${memberless('pg_language', 'l.oid')}`,
  server: `
    select s.srvname as name, concat_ws(' ', s.srvtype, s.srvversion, s.srvoptions::text) as definition
    from pg_foreign_server s`,
  'event trigger': `
    select e.evtname as name, concat_ws(' ', e.evtevent, e.evtenabled, e.evttags::text, e.evtfoid::regproc) as definition
    from pg_event_trigger e
    where pg_get_userbyid(e.evtowner) not in ('heroku_admin', 'rdsadmin')`,
  comment: `
    select i.type || ' ' || i.identity as name, d.description as definition
    from pg_description d,
      pg_identify_object(d.classoid, d.objoid, d.objsubid) i
    where (d.objoid >= 16384 or d.classoid = 'pg_namespace'::regclass and d.objoid = 'public'::regnamespace)
      and i.type <> 'extension'
      and not exists (
        select from pg_depend e
        where e.classid = d.classoid and e.objid = d.objoid and e.deptype = 'e')`,
  'dependence on an extension': `
    select pg_describe_object(d.classid, d.objid, d.objsubid) as name,
      pg_describe_object(d.refclassid, d.refobjid, 0) as definition
    from pg_depend d
    where d.deptype = 'x'`,
}
