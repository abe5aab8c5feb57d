import {NEED_NOT_HOLD} from '../copy/set-aside.js'
import {notOfExtension, OWN_SCHEMA, USER_EXTENSION, USER_SCHEMA} from '../postgres/catalog.js'

/** Catalogs of which only the identity of each object is compared. */
const NAMED_ONLY = [
  'pg_cast',
  'pg_collation',
  'pg_conversion',
  'pg_foreign_server',
  'pg_opclass',
  'pg_operator',
  'pg_opfamily',
  'pg_ts_config',
  'pg_ts_dict',
]

const NAMED = NAMED_ONLY.map((catalog) => `select '${catalog}'::regclass as catalog, oid from ${catalog}`).join(`
      union all
      `)

/** Below are the OIDs of the objects a server is born with. */
export const FIRST_OID = 16384

/** SQL condition: neither a member of an extension nor made with another object, as the constructors of a range type are, which 13 has fewer of. */
const notPartOfAnother = (catalog: string, oid: string): string =>
  `not exists (
        select from pg_depend d
        where d.classid = ${catalog} and d.objid = ${oid} and d.deptype in ('e', 'i'))`

/** Schemas, extensions, functions, types and what else belongs to no relation, as `inventory` reads them. */
export const CODE = `
    select 'with the schema' as comes,
      format('schema %I', n.nspname) as line,
      null as wording
    from pg_namespace n
    where ${USER_SCHEMA}
      and ${notOfExtension('pg_namespace', 'n.oid')}
      and n.nspname <> 'public'
    union all
    select 'with the schema',
      format('extension %I in %I', e.extname, n.nspname),
      null
    from pg_extension e
    join pg_namespace n on n.oid = e.extnamespace
    where e.extname <> 'plpgsql'
      and ${USER_EXTENSION}
    union all
    select 'with the schema',
      format('function %s%s %s%s%s%s%s%s %s',
        p.oid::regprocedure,
        case p.prokind when 'p' then ' procedure' when 'a' then ' aggregate' when 'w' then ' window' end,
        concat_ws(' returns ', l.lanname, pg_get_function_result(p.oid)),
        case p.provolatile when 'i' then ' immutable' when 's' then ' stable' end,
        case when p.proisstrict then ' strict' end,
        case when p.prosecdef then ' security definer' end,
        case p.proparallel when 's' then ' parallel safe' when 'r' then ' parallel restricted' end,
        ' set ' || array_to_string(p.proconfig, ', '),
        md5(concat_ws(' ', p.prosrc, p.proargnames::text, p.proargmodes::text, p.pronargdefaults))),
      -- 'begin atomic' has no source
      case
        when p.prosrc = '' then pg_get_functiondef(p.oid)
        else pg_get_expr(p.proargdefaults, 0) end
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    join pg_language l on l.oid = p.prolang
    where ${USER_SCHEMA}
      and ${notPartOfAnother(`'pg_proc'::regclass`, 'p.oid')}
    union all
    select 'with the schema',
      format('aggregate %s: %s of %s%s%s',
        p.oid::regprocedure,
        a.aggtransfn,
        a.aggtranstype::regtype,
        ' from ' || a.agginitval,
        ' to ' || nullif(a.aggfinalfn::oid, 0)::regproc),
      null
    from pg_aggregate a
    join pg_proc p on p.oid = a.aggfnoid
    join pg_namespace n on n.oid = p.pronamespace
    where ${USER_SCHEMA}
      and ${notOfExtension('pg_proc', 'p.oid')}
    union all
    select case when ${NEED_NOT_HOLD} then 'in the window' else 'with the schema' end,
      format('constraint %I on domain %I.%I%s',
        k.conname, n.nspname, t.typname, case when not k.convalidated then ' not valid' end),
      replace(pg_get_constraintdef(k.oid), ' NOT VALID', '')
    from pg_constraint k
    join pg_type t on t.oid = k.contypid
    join pg_namespace n on n.oid = t.typnamespace
    where k.contype <> 'n'
      and ${USER_SCHEMA}
      and ${notOfExtension('pg_type', 't.oid')}
    union all
    select 'with the schema',
      format('type %I.%I %s %s%s%s%s%s',
        n.nspname,
        t.typname,
        t.typtype,
        (select string_agg(quote_literal(e.enumlabel), ',' order by e.enumsortorder)
         from pg_enum e
         where e.enumtypid = t.oid),
        (select concat_ws(' ', r.rngsubtype::regtype, 'collate ' || nullif(r.rngcollation, 0)::regcollation)
         from pg_range r
         where r.rngtypid = t.oid),
        format_type(nullif(t.typbasetype, 0), t.typtypmod),
        case when t.typnotnull then ' not null' end,
        ' default ' || pg_get_expr(t.typdefaultbin, 0)),
      null
    from pg_type t
    join pg_namespace n on n.oid = t.typnamespace
    where t.typtype in ('e', 'd', 'r')
      and ${USER_SCHEMA}
      and ${notOfExtension('pg_type', 't.oid')}
    union all
    select 'with the schema',
      format('%s %s', o.type, o.identity),
      null
    from (${NAMED}) named
    cross join lateral pg_identify_object(named.catalog, named.oid, 0) o
    where named.oid >= ${FIRST_OID}
      and btrim(coalesce(o.schema, ''), '"') !~ '^pg_'
      and btrim(coalesce(o.schema, ''), '"') not in ('_heroku', '${OWN_SCHEMA}')
      and ${notPartOfAnother('named.catalog', 'named.oid')}`
