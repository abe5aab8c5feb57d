import {identifier} from '../../../postgres/catalog.js'
import type {Queryable} from '../../../ports/ports.js'
import type {Check} from '../../check.js'
import {answering} from '../answering.js'
import {AS_OWNER} from '../as-owner.js'
import {NAME, relationOf} from './relations.js'

interface Named {
  role: string
  policies: string
}

/** Roles that policies name, other than the one that becomes the target's, with up to three of their policies. */
const rolesOfPolicies = (source: Queryable): Promise<Named[]> =>
  source.query<Named>(`
    select role, concat_ws(', ',
      array_to_string((array_agg(policy order by policy))[1:3], ', '),
      case when count(*) > 3 then format('and %s more', count(*) - 3) end) as policies
    from (
      select r.rolname as role, format('%I on %s', p.polname, ${NAME}) as policy
      from pg_policy p
      join ${relationOf('p.polrelid')}
      -- 0, which no role has, is public
      join pg_roles r on r.oid = any (p.polroles)
      where r.rolname <> current_user) named
    group by role
    order by role`)

const missing: Check = {
  id: 'policies-for-roles',
  question: 'Does the target have every role that row-level security policies name?',
  level: 'blocker',
  example: {
    on: 'source',
    superuser: true,
    sql: `do $$ begin execute format('create role %I', 'reader of ' || current_database()); end $$;
      ${AS_OWNER};
      create table public.mine (id int primary key);
      alter table public.mine enable row level security;
      do $$ begin
        execute format('create policy readers on public.mine to %I using (true)', 'reader of ' || current_database());
      end $$`,
  },

  async inspect({source, target}) {
    if (!target) return []
    const named = await rolesOfPolicies(source)
    const rows = await target.query<{role: string}>('select rolname as role from pg_roles where rolname = any ($1)', [
      named.map(({role}) => role),
    ])
    const there = new Set(rows.map(({role}) => role))
    return named
      .filter(({role}) => !there.has(role))
      .map(({role, policies}) => ({
        what: `the target has no role ${role}, which policies name: ${policies}`,
        remedy: 'create it, as the master user of the target; give it its password and privileges after the move',
        fix: `create role ${identifier(role)}`,
        runBy: 'target-master' as const,
      }))
  },
}

const foreseen: Check = {
  id: 'policies-for-roles-to-come',
  question: 'Do row-level security policies name roles, which RDS must have before the copy?',
  level: 'warning',
  example: {
    facts: ({target: _target, targetFacts: _facts, ...healthy}) => ({
      ...healthy,
      source: answering(healthy.source, {role: 'web_reader', policies: 'readers on public.docs'}),
    }),
  },

  async inspect({source, target}) {
    if (target) return []
    return (await rolesOfPolicies(source)).map(({role, policies}) => ({
      what: `policies name role ${role}: ${policies}`,
      remedy: 'create it on RDS, as its master user, before heroku rds:start or a cutover copies the schema',
      fix: `create role ${identifier(role)}`,
      runBy: 'target-master' as const,
    }))
  },
}

export default [missing, foreseen] satisfies Check[]
