import {type Guard, identifier, notOfExtension, OWN_SCHEMA, USER_SCHEMA} from '../postgres/catalog.js'
import type {Database} from '../ports/ports.js'
import {NOTES_NOTHING} from '../fence/landed-writes.js'

const OF_TABLES = `
  join pg_class c on c.oid = o.relation
  join pg_namespace n on n.oid = c.relnamespace
  where ${USER_SCHEMA}
    and ${notOfExtension('pg_class', 'c.oid')}`

/**
 * Takes off the target what would act on, or refuse, the rows that a sync brings: foreign keys, triggers, rules, and – after a
 * window that came to nothing – the log of landed writes; the fence stays, and a log that notes nothing yet. They are attached in the
 * window, when the last row is there; so a sync needs no right to silence them, which RDS gives to masters only. Returns how many
 * objects it took off.
 */
export async function detachConstraints(target: Database, guard: Guard): Promise<number> {
  const objects = await attachedObjects(target)
  for (const {drop} of objects) await target.query(`${guard}; ${drop}`)
  return objects.length
}

/** What `detachConstraints` would drop. */
async function attachedObjects(target: Database): Promise<{drop: string}[]> {
  const rows = await target.query<{schema: string; table: string; name: string; kind: string}>(`
    select n.nspname as schema, c.relname as table, o.name, o.kind
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
    ${OF_TABLES}
      and c.relkind in ('r', 'p')`)
  return rows.map(({schema, table, name, kind}) => {
    const relation = identifier(schema, table)
    return {
      drop:
        kind === 'constraint'
          ? `alter table ${relation} drop constraint if exists ${identifier(name)}`
          : `drop ${kind} if exists ${identifier(name)} on ${relation}`,
    }
  })
}
