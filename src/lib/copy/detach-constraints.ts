import {type Guard, notOfExtension, OWN_SCHEMA, USER_SCHEMA} from '../postgres/catalog.js'
import type {Database} from '../ports/ports.js'
import {executeAll} from './execute.js'
import {DROP_CHECKS} from './set-aside.js'
import {NOTES_NOTHING} from '../fence/landed-writes.js'

/**
 * Takes off the target what would act on, or refuse, the rows that a sync brings: foreign keys, checks that need not hold, triggers,
 * rules, and – after a window that came to nothing – the log of landed writes; the fence stays, and a log that notes nothing yet. They are attached in the
 * window, when the last row is there; so a sync needs no right to silence them, which RDS gives to masters only. Returns how many
 * objects it took off.
 */
export async function detachConstraints(target: Database, guard: Guard): Promise<number> {
  const drops = await attachedObjects(target)
  await executeAll(
    target,
    drops.map((drop) => ({sql: drop, words: [drop]})),
    {guard},
  )
  return drops.length
}

/** The statements of `detachConstraints`: one for each object that acts on rows of the target. */
export async function attachedObjects(target: Database): Promise<string[]> {
  const rows = await target.query<{drop: string}>(`
    select drop
    from (
      select case kind
          when 'constraint' then format('alter table %I.%I drop constraint if exists %I', n.nspname, c.relname, o.name)
          else format('drop %s if exists %I on %I.%I', kind, o.name, n.nspname, c.relname) end as drop,
        0 as nth
      from (
        select conrelid as relation, conname as name, 'constraint' as kind
        from pg_constraint
        where contype = 'f' and conparentid = 0
        union all
        select tgrelid, tgname, 'trigger'
        from pg_trigger
        where not tgisinternal and tgparentid = 0 and tgname <> '${OWN_SCHEMA}_fence'
          and not exists (select from pg_proc p where p.oid = tgfoid and p.prosrc like '${NOTES_NOTHING}%')
        union all
        select ev_class, rulename, 'rule'
        from pg_rewrite
        where rulename <> '_RETURN') o
      join pg_class c on c.oid = o.relation
      join pg_namespace n on n.oid = c.relnamespace
      where ${USER_SCHEMA}
        and ${notOfExtension('pg_class', 'c.oid')}
        and c.relkind in ('r', 'p')
      union all
      ${DROP_CHECKS}) attached
    order by nth, 1`)
  return rows.map(({drop}) => drop)
}
