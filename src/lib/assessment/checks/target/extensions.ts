import type {Check} from '../../check.js'
import {known} from '../../../ports/fact.js'
import type {Queryable} from '../../../ports/ports.js'
import {identifier} from '../../../postgres/catalog.js'
import {parseEngineVersion} from '../../../postgres/engine-version.js'
import {ofTarget} from './of-target.js'

const extensions: Check = {
  id: 'target-extensions',
  question: 'Does the target offer every extension of the source?',
  level: 'blocker',
  example: {
    on: 'source',
    sql: 'create extension hstore',
    otherSide: `do $$ begin
      execute format('alter database %I set rds.allowed_extensions = %L', current_database(), 'citext,pg_trgm');
    end $$`,
  },

  inspect({sourceFacts, targetFacts}) {
    if (!targetFacts) return []
    return sourceFacts.extensions
      .filter(({name}) => !targetFacts.extensions.some((extension) => extension.name === name))
      .map(({name, version: needed}) => ({
        what: `the target does not offer extension ${name} ${needed}`,
        remedy: 'drop it on the source if nothing uses it; otherwise choose an engine version that has it',
        fix: `drop extension ${identifier(name)}`,
      }))
  },
}

const olderExtensions = ofTarget({
  id: 'target-extension-versions',
  question: 'Does the target offer every extension in at least the version of the source?',
  level: 'warning',
  byHand: 'another-database',
  failing: (target, {sourceFacts}) => ({
    ...target,
    extensions: target.extensions.map(({name, version: offered}) => ({
      name,
      version: sourceFacts.extensions.some((extension) => extension.name === name) ? '0.1' : offered,
    })),
  }),

  found({extensions: offered}, {sourceFacts}) {
    return sourceFacts.extensions.flatMap(({name, version: needed}) => {
      const there = offered.find((extension) => extension.name === name)
      if (!there || !isOlder(there.version, needed)) return []
      return [
        {
          what: `extension ${name} is ${needed} on the source, ${there.version} on the target`,
          remedy:
            'choose a newer engine version, or make sure that the app uses no feature of the newer extension version',
        },
      ]
    })
  },
})

/** Compares the numbers of two versions; a version with other parts is not compared. */
function isOlder(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => text.split('.').map(Number)) as [number[], number[]]
  if ([...a, ...b].some(Number.isNaN)) return false
  const differing = Array.from({length: Math.max(a.length, b.length)}, (_, i) => (a[i] ?? 0) - (b[i] ?? 0)).find(
    Boolean,
  )
  return (differing ?? 0) < 0
}

const extensionRights: Check = {
  id: 'target-extension-rights',
  question: 'Can the role of the target create every extension in its schema?',
  level: 'blocker',
  example: {
    on: 'target',
    superuser: true,
    sql: 'create extension citext schema public',
  },

  async inspect({source, sourceFacts, target}) {
    if (!target) return []
    const rows = await target.query<Offered>(
      `select distinct on (v.name) v.name,
         n.nspname as "installedIn",
         v.relocatable,
         quote_ident(current_user) as role,
         not v.superuser
           or v.trusted and has_database_privilege(current_database(), 'CREATE')
           or (select rolsuper from pg_roles where rolname = current_user)
           or exists (
             select from pg_roles m
             where m.rolname = 'rds_superuser'
               and pg_has_role(current_user, m.oid, 'MEMBER')) as creatable
       from pg_available_extension_versions v
       left join pg_extension e on e.extname = v.name
       left join pg_namespace n on n.oid = e.extnamespace
       where v.name = any ($1)
       order by v.name, v.version = e.extversion desc nulls last`,
      [sourceFacts.extensions.map(({name}) => name)],
    )
    const wrappers = await wrappersInUse(source)
    return sourceFacts.extensions.flatMap(({name, schema}) => {
      const there = rows.find((row) => row.name === name)
      if (!there) return []
      const {installedIn, relocatable, role, creatable} = there
      const grants = wrappers
        .filter(({extension}) => extension === name)
        .map(({wrapper}) => `grant usage on foreign data wrapper ${wrapper} to ${role}`)
      const open =
        schema === 'pg_catalog' ? [] : [`create schema if not exists ${identifier(schema)} authorization ${role}`]
      const create = [
        ...open,
        `create extension if not exists ${identifier(name)} schema ${identifier(schema)} cascade`,
        ...grants,
      ]
      if (installedIn !== null && installedIn !== schema) {
        return [
          {
            what: `extension ${name} is in schema ${installedIn} on the target, in ${schema} on the source`,
            remedy: relocatable
              ? 'move it to that schema, as the master user of the target'
              : 'drop it and create it in that schema, as the master user of the target',
            fix: (relocatable
              ? [...open, `alter extension ${identifier(name)} set schema ${identifier(schema)}`]
              : [`drop extension ${identifier(name)}`, ...create]
            ).join('; '),
            runBy: 'target-master' as const,
          },
        ]
      }
      if (installedIn !== null || creatable) return []
      return [
        {
          what: `only the master user can create extension ${name} on the target`,
          remedy: `as the master user of the target, create it${grants.length > 0 ? ' and grant usage on its wrapper' : ''}`,
          fix: create.join('; '),
          runBy: 'target-master' as const,
        },
      ]
    })
  },
}

interface Offered {
  name: string
  /** Schema; null where it is not installed. */
  installedIn: string | null
  relocatable: boolean
  /** Of the target, quoted. */
  role: string
  creatable: boolean
}

/** Foreign-data wrappers that foreign servers of the source use, and the extension that each comes from. */
const wrappersInUse = (source: Queryable): Promise<{extension: string; wrapper: string}[]> =>
  source.query<{extension: string; wrapper: string}>(`
    select distinct e.extname as extension, quote_ident(w.fdwname) as wrapper
    from pg_foreign_server s
    join pg_foreign_data_wrapper w on w.oid = s.srvfdw
    join pg_depend d on d.classid = 'pg_foreign_data_wrapper'::regclass and d.objid = w.oid and d.deptype = 'e'
    join pg_extension e on e.oid = d.refobjid
    order by 2`)

const offered: Check = {
  id: 'offered-versions',
  question: 'Does AWS offer the Postgres version and every extension of the source?',
  level: 'warning',
  example: {
    byHand: 'another-database',
    facts: ({targetFacts: _named, target: _target, ...healthy}) => ({
      ...healthy,
      offers: [{engine: 'postgres', versions: ['9.6.1'], classes: [], extensions: []}],
    }),
  },

  inspect({offers, sourceFacts}) {
    if (offers === undefined) return []
    return known(offers).flatMap(({engine, versions, extensions: has}) => {
      if (!versions.some((version) => (parseEngineVersion(version)?.major ?? 0) >= sourceFacts.major)) {
        return [
          {
            what: `AWS does not offer ${engine} with Postgres ${sourceFacts.major} or newer`,
            remedy: 'choose another region or engine',
          },
        ]
      }
      if (has === null) throw new Error(`AWS does not list the extensions of ${engine}`)
      return sourceFacts.extensions
        .filter(({name}) => !has.includes(name))
        .map(({name}) => ({
          what: `${engine} does not offer extension ${name}`,
          remedy: 'drop it on the source if nothing uses it, or choose the other engine',
        }))
    })
  },
}

export default [extensions, olderExtensions, extensionRights, offered] satisfies Check[]
