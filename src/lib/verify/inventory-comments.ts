import {NEED_NOT_HOLD} from '../copy/set-aside.js'
import {OWN_SCHEMA} from '../postgres/catalog.js'
import {FIRST_OID} from './inventory-code.js'

/** Of whose objects a comment travels. */
const COMMENTED = [
  'pg_class',
  'pg_constraint',
  'pg_largeobject',
  'pg_namespace',
  'pg_policy',
  'pg_proc',
  'pg_rewrite',
  'pg_trigger',
  'pg_type',
]

/**
 * Comments, as `inventory` reads them. pg_dump leaves out those of objects that it does not write themselves: triggers and constraints
 * that come from a parent, constraint triggers seen as constraints, rules that are a view, indexes that are not valid, types and
 * functions that are part of another. The schema public is the server's.
 */
export const COMMENTS = `
    select case
        when d.classoid = 'pg_largeobject'::regclass then 'with large objects'
        when k.contype in ('f', 't') or ${NEED_NOT_HOLD} then 'in the window'
        when c.relkind in ('r', 'p') and i.indexrelid is null then 'in the window'
        when c.oid is not null or k.oid is not null or d.classoid = 'pg_policy'::regclass then 'with the rows'
        else 'with the schema' end as comes,
      format('comment on %s %s %s', o.type, o.identity, md5(d.description)) as line,
      null as wording
    from pg_description d
    cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) o
    left join pg_constraint k on d.classoid = 'pg_constraint'::regclass and k.oid = d.objoid
    left join pg_trigger t on d.classoid = 'pg_trigger'::regclass and t.oid = d.objoid
    left join pg_rewrite r on d.classoid = 'pg_rewrite'::regclass and r.oid = d.objoid
    left join pg_index i on d.classoid = 'pg_class'::regclass and i.indexrelid = d.objoid
    -- what a trigger, a rule or an index is on
    left join pg_class c on c.oid = coalesce(t.tgrelid, r.ev_class, i.indrelid)
    where d.classoid in (${COMMENTED.map((catalog) => `'${catalog}'::regclass`).join(', ')})
      and d.objoid >= ${FIRST_OID}
      and btrim(coalesce(o.schema, ''), '"') not in ('_heroku', '${OWN_SCHEMA}')
      and btrim(o.identity, '"') not in ('_heroku', 'public')
      and coalesce(k.contype in ('p', 'u', 'x') or k.contype <> 't' and k.conislocal, true)
      and coalesce(t.tgparentid, 0) = 0
      and coalesce(r.rulename, '') <> '_RETURN'
      and coalesce(i.indisvalid or c.relkind = 'p', true)
      and not exists (
        select from pg_depend e
        where e.classid = d.classoid
          and e.objid = d.objoid
          and (e.deptype = 'e' or e.deptype = 'i' and d.classoid in ('pg_type'::regclass, 'pg_proc'::regclass)))`
