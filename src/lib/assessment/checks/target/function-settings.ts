import {loadingLibraries} from '../../../copy/libraries.js'
import {identifier, notOfExtension, USER_SCHEMA} from '../../../postgres/catalog.js'
import type {Check} from '../../check.js'

interface Setting {
  /** With its arguments. */
  routine: string
  name: string
  value: string
}

/** SQL: the role of the target is allowed to set `name`. Some settings are in no list (`role`); before 15 there is no privilege for any. */
const allowed = (major: number): string => `
  coalesce(g.context = 'user', name not like '%.%' and current_setting(name, true) is not null)
    ${major >= 15 ? `or has_parameter_privilege(name, 'SET')` : ''}
    or (select rolsuper from pg_roles where rolname = current_user)
    or exists (select from pg_roles m where m.rolname = 'rds_superuser' and pg_has_role(current_user, m.oid, 'MEMBER'))`

const functionSettings: Check = {
  id: 'function-settings',
  question: 'Does the target allow every setting that functions are created with (SET), and has it their roles?',
  level: 'blocker',
  example: {
    on: 'source',
    superuser: true,
    sql: `create function public.as_admin() returns int language sql set role = 'heroku_admin' as 'select 1';
      create function public.quiet() returns int language sql set log_statement = 'none' as 'select 1';
      create function public.timed() returns int language sql set app.started = 'now' as 'select 1'`,
  },

  async inspect({source, target, sourceFacts, targetFacts}) {
    if (!target || !targetFacts) return []
    const settings = await source.query<Setting>(`
      select p.oid::regprocedure::text as routine,
        split_part(setting, '=', 1) as name,
        substr(setting, strpos(setting, '=') + 1) as value
      from pg_proc p
      join pg_namespace n on n.oid = p.pronamespace
      cross join unnest(p.proconfig) setting
      where ${USER_SCHEMA}
        and ${notOfExtension('pg_proc', 'p.oid')}
      order by 1, 2`)
    if (settings.length === 0) return []
    // the settings of an extension are known to those sessions alone that have loaded its library
    const extensions = sourceFacts.extensions.map(({name}) => name)
    const refused = await target.session(async (session) => {
      if (extensions.length > 0) await session.query(loadingLibraries(extensions))
      return session.query<{name: string; known: boolean}>(
        `select name, g.name is not null as known
         from unnest($1::text[]) name
         left join pg_settings g using (name)
         where not (${allowed(targetFacts.major)})`,
        [[...new Set(settings.map(({name}) => name))]],
      )
    })
    const toCome = new Set(extensions)
    const why = new Map(
      refused
        .filter(({name, known}) => known || !toCome.has(name.split('.')[0]!))
        .map(({name, known}) => [name, known || name.includes('.') ? 'does not let its role set' : 'does not know']),
    )
    const roles = settings.filter(({name, value}) => name === 'role' && value !== 'none')
    const there = await target.query<{role: string}>('select rolname as role from pg_roles where rolname = any ($1)', [
      roles.map(({value}) => value),
    ])
    const without = roles
      .filter(({value}) => !there.some(({role}) => role === value))
      .map(({routine, value}) => ({
        what: `${routine} is created with the role ${value}, which the target does not have`,
        remedy: 'take the role off it; or create that role, as the master user, and grant it to the role of the target',
        fix: `alter routine ${routine} reset role`,
      }))
    const refusedOnes = settings
      .filter(({name}) => why.has(name))
      .map(({routine, name}) => ({
        what: `${routine} is created with the setting ${name}, which the target ${why.get(name)}`,
        remedy: 'take the setting off it, which takes a superuser; or create it again without the setting',
        fix: `alter routine ${routine} reset ${identifier(...name.split('.'))}`,
        runBy: 'source-owner' as const,
      }))
    return [...without, ...refusedOnes]
  },
}

export default [functionSettings] satisfies Check[]
