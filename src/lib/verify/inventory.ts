import {notOfExtension, OWN_SCHEMA, USER_EXTENSION, USER_SCHEMA} from '../postgres/catalog.js'
import type {Database, Queryable} from '../ports/ports.js'

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

const relation = `format('%I.%I', n.nspname, c.relname)`
const ofRelation = `pg_class c
    join pg_namespace n on n.oid = c.relnamespace`
const oursOrTheirs = `${USER_SCHEMA}
      and ${notOfExtension('pg_class', 'c.oid')}`

/**
 * Every object of the customer's, one line each, with what must be equal on both sides. The wording of views, checks
 * and rules, which another major may change, is left to the server that parsed it.
 */
export async function inventory(db: Queryable): Promise<string[]> {
  const rows = await db.query<{line: string}>(`
    select format('schema %I', n.nspname) as line
    from pg_namespace n
    where ${USER_SCHEMA}
      and ${notOfExtension('pg_namespace', 'n.oid')}
      and n.nspname <> 'public'
    union all
    select format('extension %I in %I', e.extname, n.nspname)
    from pg_extension e
    join pg_namespace n on n.oid = e.extnamespace
    where e.extname <> 'plpgsql'
      and ${USER_EXTENSION}
    union all
    select format('%s %s%s%s',
      case c.relkind
        when 'r' then 'table'
        when 'p' then 'partitioned table'
        when 'v' then 'view'
        when 'm' then 'materialized view'
        when 'S' then 'sequence'
        when 'f' then 'foreign table'
        when 'c' then 'composite type' end,
      ${relation},
      case when c.relrowsecurity then ' row security' end,
      case when c.relforcerowsecurity then ' forced' end)
    from ${ofRelation}
    where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c')
      and ${oursOrTheirs}
    union all
    select format('column %s.%I %s%s%s%s%s%s',
      ${relation},
      a.attname,
      format_type(a.atttypid, a.atttypmod),
      case when a.attnotnull then ' not null' end,
      case when a.attidentity <> '' and not c.relispartition then ' identity ' || a.attidentity::text end,
      case when a.attgenerated <> '' then ' generated' end,
      case when d.oid is not null then ' default ' || pg_get_expr(d.adbin, c.oid) end,
      case when a.attcollation <> t.typcollation then ' collate ' || a.attcollation::regcollation end)
    from ${ofRelation}
    join pg_attribute a on a.attrelid = c.oid
    join pg_type t on t.oid = a.atttypid
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
      and a.attnum > 0
      and not a.attisdropped
      and ${oursOrTheirs}
    union all
    select format('partition %s of %s', ${relation}, i.inhparent::regclass)
    from ${ofRelation}
    join pg_inherits i on i.inhrelid = c.oid
    where c.relkind in ('r', 'p', 'f')
      and ${oursOrTheirs}
    union all
    select format('index %I on %s: %s%s',
      x.relname, ${relation}, pg_get_indexdef(x.oid), case when not i.indisvalid then ' INVALID' end)
    from ${ofRelation}
    join pg_index i on i.indrelid = c.oid
    join pg_class x on x.oid = i.indexrelid
    -- pg_dump leaves out what a failed create index concurrently left; partitions may lack theirs
    where (i.indisvalid or c.relkind = 'p')
      and ${oursOrTheirs}
    union all
    select format('constraint %I on %s %s%s',
      k.conname, ${relation}, k.contype, case when not k.convalidated then ' not valid' end)
    from ${ofRelation}
    join pg_constraint k on k.conrelid = c.oid
    -- not null is a constraint from 18 on; the column tells of it
    where k.contype <> 'n'
      and k.conparentid = 0
      and ${oursOrTheirs}
    union all
    select format('trigger %I on %s %s', t.tgname, ${relation}, t.tgenabled)
    from ${ofRelation}
    join pg_trigger t on t.tgrelid = c.oid
    where not t.tgisinternal
      and t.tgparentid = 0
      and t.tgname not like '${OWN_SCHEMA}%'
      and ${oursOrTheirs}
    union all
    select format('policy %I on %s', p.polname, ${relation})
    from ${ofRelation}
    join pg_policy p on p.polrelid = c.oid
    where ${oursOrTheirs}
    union all
    select format('rule %I on %s', r.rulename, ${relation})
    from ${ofRelation}
    join pg_rewrite r on r.ev_class = c.oid
    where r.rulename <> '_RETURN'
      and ${oursOrTheirs}
    union all
    select format('function %s %s', p.oid::regprocedure, md5(p.prosrc))
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where ${USER_SCHEMA}
      and ${notOfExtension('pg_proc', 'p.oid')}
    union all
    select format('constraint %I on domain %I.%I%s',
      k.conname, n.nspname, t.typname, case when not k.convalidated then ' not valid' end)
    from pg_constraint k
    join pg_type t on t.oid = k.contypid
    join pg_namespace n on n.oid = t.typnamespace
    where k.contype <> 'n'
      and ${USER_SCHEMA}
      and ${notOfExtension('pg_type', 't.oid')}
    union all
    select format('type %I.%I %s %s',
      n.nspname,
      t.typname,
      t.typtype,
      (select string_agg(quote_literal(e.enumlabel), ',' order by e.enumsortorder)
       from pg_enum e
       where e.enumtypid = t.oid))
    from pg_type t
    join pg_namespace n on n.oid = t.typnamespace
    where t.typtype in ('e', 'd', 'r')
      and ${USER_SCHEMA}
      and ${notOfExtension('pg_type', 't.oid')}
    union all
    select format('statistics %I.%I %s', n.nspname, s.stxname, s.stxkind)
    from pg_statistic_ext s
    join pg_namespace n on n.oid = s.stxnamespace
    where ${USER_SCHEMA}
    union all
    select format('sequence %s %s from %s by %s between %s and %s cache %s%s',
      ${relation},
      s.seqtypid::regtype,
      s.seqstart,
      s.seqincrement,
      s.seqmin,
      s.seqmax,
      s.seqcache,
      case when s.seqcycle then ' cycle' end)
    from ${ofRelation}
    join pg_sequence s on s.seqrelid = c.oid
    where ${oursOrTheirs}
    union all
    select format('comment on %s %s %s', o.type, o.identity, md5(d.description))
    from pg_description d
    cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) o
    where d.classoid in (${COMMENTED.map((catalog) => `'${catalog}'::regclass`).join(', ')})
      -- below are the objects a server is born with
      and d.objoid >= 16384
      and coalesce(o.schema, '') not in ('_heroku', '${OWN_SCHEMA}')
      and o.identity <> '_heroku'
      and not exists (select from pg_depend e where e.classid = d.classoid and e.objid = d.objoid and e.deptype = 'e')
    order by line`)
  return rows.map(({line}) => line)
}

/** What one side has and the other lacks, in words. */
export async function inventoryDifferences({from, to}: {from: Database; to: Database}): Promise<string[]> {
  const [here, there] = [await inventory(from), await inventory(to)]
  return linesThatDiffer({side: from.side, lines: here}, {side: to.side, lines: there})
}

export interface Inventory {
  side: Database['side']
  lines: readonly string[]
}

/** The same of inventories that are read. */
export function linesThatDiffer(from: Inventory, to: Inventory): string[] {
  const only = (one: Inventory, other: Inventory) => {
    const known = new Set(other.lines)
    return one.lines.filter((line) => !known.has(line)).map((line) => `only on the ${one.side}: ${line}`)
  }
  return [...only(from, to), ...only(to, from)]
}
