import {identityOf} from '../../identity.js'
import type {Check} from '../check.js'

const version: Check = {
  id: 'target-version',
  question: 'Is the target at least as new as the source?',
  level: 'blocker',

  inspect({sourceFacts, targetFacts}) {
    if (!targetFacts || targetFacts.major >= sourceFacts.major) return []
    return [
      {
        what: `the target runs Postgres ${targetFacts.version}, the source ${sourceFacts.version}`,
        remedy: `create the target with Postgres ${sourceFacts.major} or newer`,
      },
    ]
  },
}

const extensions: Check = {
  id: 'target-extensions',
  question: 'Does the target offer every extension?',
  level: 'blocker',

  inspect({sourceFacts, targetFacts}) {
    if (!targetFacts) return []
    const offered = new Set(targetFacts.extensions.map(({name}) => name))
    return sourceFacts.extensions
      .filter(({name}) => !offered.has(name))
      .map(({name, version: needed}) => ({
        what: `extension ${name} ${needed} is not offered by the target`,
        remedy: `drop extension ${name} on the source if nothing uses it; otherwise choose an engine version that has it`,
      }))
  },
}

const extensionRights: Check = {
  id: 'target-extension-rights',
  question: 'Can the role of the target have every extension in its place?',
  level: 'blocker',

  async inspect({sourceFacts, target}) {
    if (!target) return []
    const rows = await target.query<{name: string; installedIn: string | null; creatable: boolean}>(
      `select distinct on (v.name) v.name, n.nspname as "installedIn", not v.superuser
         or v.trusted and has_database_privilege(current_database(), 'CREATE')
         or (select rolsuper from pg_roles where rolname = current_user)
         or exists (select from pg_roles m where m.rolname = 'rds_superuser' and pg_has_role(current_user, m.oid, 'MEMBER')) as creatable
       from pg_available_extension_versions v
       left join pg_extension e on e.extname = v.name left join pg_namespace n on n.oid = e.extnamespace
       where v.name = any ($1) order by v.name`,
      [sourceFacts.extensions.map(({name}) => name)],
    )
    return rows.flatMap(({name, installedIn, creatable}) => {
      const schema = sourceFacts.extensions.find((extension) => extension.name === name)!.schema
      const create = `create schema if not exists ${schema}; create extension ${name} schema ${schema}`
      if (installedIn !== null && installedIn !== schema) {
        return [
          {
            what: `extension ${name} is in schema ${installedIn} on the target, in ${schema} on the source`,
            remedy: `as the master user: drop extension ${name}; ${create}`,
          },
        ]
      }
      if (installedIn === null && !creatable) {
        return [
          {
            what: `only the master user may create extension ${name} on the target`,
            remedy: `as the master user: ${create}`,
          },
        ]
      }
      return []
    })
  },
}

const sameDatabase: Check = {
  id: 'target-is-source',
  question: 'Is the target another database?',
  level: 'blocker',

  async inspect({source, target}) {
    if (!target) return []
    const [here, there] = await Promise.all([identityOf(source), identityOf(target)])
    return here === there && !here.startsWith('hidden')
      ? [{what: 'the target is the source itself', remedy: 'check RDS_DATABASE_URL'}]
      : []
  },
}

const standby: Check = {
  id: 'target-standby',
  question: 'Is the target the writer?',
  level: 'blocker',

  async inspect({target}) {
    if (!target) return []
    const [row] = await target.query<{standby: boolean}>('select pg_is_in_recovery() as standby')
    return row!.standby ? [{what: 'the target is a read replica', remedy: 'use the endpoint of the writer'}] : []
  },
}

const rights: Check = {
  id: 'target-rights',
  question: 'May the role of the target create what the source has?',
  level: 'blocker',

  async inspect({target}) {
    if (!target) return []
    const [row] = await target.query<{role: string; database: string; allowed: boolean}>(`
      select current_user as role, current_database() as database,
        pg_has_role(datdba, 'USAGE') as allowed from pg_database where datname = current_database()`)
    if (row!.allowed) return []
    return [
      {
        what: `${row!.role} does not own database ${row!.database} on the target`,
        remedy: `as the master user: alter database ${row!.database} owner to ${row!.role}`,
      },
    ]
  },
}

export default [version, extensions, extensionRights, sameDatabase, standby, rights] satisfies Check[]
