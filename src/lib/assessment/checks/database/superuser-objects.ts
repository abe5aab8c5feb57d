import {notOfExtension, USER_SCHEMA} from '../../../postgres/catalog.js'
import {catalogCheck, type Check} from '../../check.js'

/** SQL: objects of this catalog that only a superuser can create, and why it is not for everybody; those a server is born with have lower OIDs. */
const made = (catalog: string, why: string, condition = 'true'): string => `
    select '${catalog}'::regclass as catalog, o.oid, '${why}' as why
    from ${catalog} o
    where o.oid >= 16384
      and ${notOfExtension(catalog, 'o.oid')}
      and ${condition}`

/** SQL: the same, of a catalog whose objects are in schemas. */
const madeIn = (schema: string, catalog: string, why: string, condition?: string): string =>
  made(
    catalog,
    why,
    `exists (select from pg_namespace n where n.oid = o.${schema} and ${USER_SCHEMA})
      and ${condition ?? 'true'}`,
  )

/** SQL: a type that the role of the target owns, because it comes with the copy. */
const ownType = (oid: string): string => `
  exists (
        select from pg_type t
        join pg_namespace n on n.oid = t.typnamespace
        where t.oid = ${oid}
          and ${USER_SCHEMA}
          and ${notOfExtension('pg_type', 't.oid')})`

const OBJECTS = [
  made('pg_am', ''),
  madeIn('opfnamespace', 'pg_opfamily', ''),
  madeIn(
    'opcnamespace',
    'pg_opclass',
    '',
    `
      not exists (
        select from pg_opfamily f
        where f.oid = o.opcfamily and f.oid >= 16384 and ${notOfExtension('pg_opfamily', 'f.oid')})`,
  ),
  madeIn('prsnamespace', 'pg_ts_parser', ''),
  madeIn('tmplnamespace', 'pg_ts_template', ''),
  made('pg_cast', 'which has no function', `o.castmethod = 'b'`),
  made(
    'pg_cast',
    'neither of whose types is yours',
    `
      o.castmethod <> 'b' and not ${ownType('o.castsource')} and not ${ownType('o.casttarget')}`,
  ),
  made('pg_transform', ''),
  made('pg_foreign_data_wrapper', ''),
  made('pg_language', ''),
  madeIn('pronamespace', 'pg_proc', 'which is LEAKPROOF', 'o.proleakproof'),
  madeIn('pronamespace', 'pg_proc', 'which has a SUPPORT function', 'o.prosupport <> 0'),
  madeIn(
    'oprnamespace',
    'pg_operator',
    'which has an estimator of your own',
    `
      greatest(o.oprrest::oid, o.oprjoin::oid) >= 16384`,
  ),
  madeIn(
    'pronamespace',
    'pg_proc',
    'whose state is internal',
    `
      exists (
        select from pg_aggregate a
        where a.aggfnoid = o.oid and 'internal'::regtype in (a.aggtranstype, a.aggmtranstype))`,
  ),
]

interface Row {
  kind: string
  name: string
  why: string
}

/** Each kind that pg_dump writes and CREATE refuses to everybody but a superuser, other than functions and base types. */
const superuserObjects = catalogCheck<Row>({
  id: 'superuser-objects',
  question: 'Are there casts, operator classes, languages or other objects that only a superuser can create?',
  level: 'blocker',
  example: {
    on: 'source',
    superuser: true,
    sql: `create operator family public.odd using btree;
      create operator class public.odder for type int using hash as operator 1 =, function 1 hashint4(int);
      create access method heap_two type table handler heap_tableam_handler;
      create text search parser public.words (
        start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);
      create text search template public.plain (lexize = dsimple_lexize, init = dsimple_init);
      create cast (varchar as uuid) with inout as implicit;
      create cast (int8 as timestamp) without function;
      create transform for macaddr language sql (
        from sql with function prsd_lextype(internal), to sql with function macaddr_recv(internal));
      create foreign data wrapper nowhere;
      create language sql_two handler plpgsql_call_handler;
      create function public.tight(int) returns int language sql leakproof as 'select $1';
      create function public.listed(int) returns setof int language sql
        support generate_series_int4_support as 'select $1';
      create aggregate public.listing(anynonarray) (
        sfunc = array_agg_transfn, stype = internal, finalfunc = array_agg_finalfn, finalfunc_extra);
      create function public.rate(internal, oid, internal, int) returns float8 language internal stable as 'eqsel';
      create function public.same(int, int) returns boolean language sql as 'select $1 = $2';
      create operator public.=~= (leftarg = int, rightarg = int, function = public.same, restrict = public.rate)`,
    undo: 'drop function public.rate',
  },
  sql: `
    select replace(o.type, '-', ' ') as kind,
      replace(o.identity, ' on language ', ' language ') as name,
      why
    from (${OBJECTS.join('\n    union all')}) made
    cross join lateral pg_identify_object(made.catalog, made.oid, 0) o
    order by 1, 2`,
  found: ({kind, name, why}) => ({
    what: `only a superuser can create ${kind} ${name}${why === '' ? '' : `, ${why}`}: RDS has none for its customers`,
    ...(why === 'which is LEAKPROOF'
      ? {remedy: 'declare it not leakproof, as its owner', fix: `alter function ${name} not leakproof`}
      : {remedy: 'do without it and drop it, as its owner', fix: `drop ${kind} ${name}`}),
    runBy: 'source-owner',
  }),
})

const securityLabels = catalogCheck<{kind: string; name: string; provider: string}>({
  id: 'security-labels',
  question: 'Are there security labels (SECURITY LABEL), which are not copied to RDS?',
  level: 'warning',
  example: {
    on: 'source',
    superuser: true,
    sql: `create table public.secret (id int primary key);
      insert into pg_seclabel (objoid, classoid, objsubid, provider, label)
        values ('public.secret'::regclass, 'pg_class'::regclass, 0, 'anon', 'MASKED')`,
    byHand: 'after-the-move',
    undo: 'drop table public.secret',
  },
  sql: `
    select o.type as kind, o.identity as name, l.provider
    from pg_seclabel l
    cross join lateral pg_identify_object(l.classoid, l.objoid, l.objsubid) o
    order by 1, 2`,
  found: ({kind, name, provider}) => ({
    what: `${kind} ${name} has a security label of ${provider}, which is not copied: it means something only where that module is loaded`,
    remedy: 'set it on RDS after the move, if RDS has that module; otherwise make sure that nothing relies on it',
  }),
})

export default [superuserObjects, securityLabels] satisfies Check[]
