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

const sameDatabase: Check = {
  id: 'target-is-source',
  question: 'Is the target another database?',
  level: 'blocker',

  async inspect({source, target}) {
    if (!target) return []
    const identity = `select (select system_identifier from pg_control_system())::text || '/' || current_database() as id`
    const [[here], [there]] = await Promise.all([
      source.query<{id: string}>(identity),
      target.query<{id: string}>(identity),
    ])
    return here!.id === there!.id ? [{what: 'the target is the source itself', remedy: 'check RDS_DATABASE_URL'}] : []
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

export default [version, extensions, sameDatabase, standby, rights] satisfies Check[]
