import {EXIT, refused} from '../../../ports/errors.js'
import {isSameDatabase} from '../../../postgres/identity.js'
import {endsSoon} from '../../lifetime.js'
import type {Check} from '../../check.js'
import {answering} from '../answering.js'
import {ofTarget} from './of-target.js'

const reachable: Check = {
  id: 'target-reachable',
  question: 'Can this machine connect to the target, with its certificate verified?',
  level: 'blocker',
  example: {
    byHand: 'aws',
    facts: (healthy) => ({
      ...healthy,
      targetTrouble: refused(
        'unreachable',
        'target.example:5432 does not answer',
        'add this machine to its security group',
      ),
    }),
  },

  inspect: ({targetTrouble}) =>
    targetTrouble
      ? [{what: targetTrouble.message, remedy: targetTrouble.suggestions.join('; ') || 'check RDS_DATABASE_URL'}]
      : [],
}

const reachableFromDynos: Check = {
  id: 'target-reachable-from-dynos',
  question: 'Can a dyno of every app connect to the target, with its certificate verified?',
  level: 'blocker',
  example: {
    byHand: 'aws',
    facts: (healthy) => ({
      ...healthy,
      dynoTrouble: [refused('no_route', 'a one-off dyno of shop cannot use the target')],
    }),
  },

  inspect: ({dynoTrouble = []}) =>
    dynoTrouble.map((trouble) => {
      if (trouble.oclif.exit === EXIT.unverified) throw trouble
      return {what: trouble.message, remedy: trouble.suggestions.join('; ') || 'check the security group and --ca-file'}
    }),
}

const version = ofTarget({
  id: 'target-version',
  question: 'Is the Postgres version of the target at least that of the source?',
  level: 'blocker',
  byHand: 'another-database',
  failing: (target) => ({...target, major: 9, version: '9.6'}),

  found({major, version: here}, {sourceFacts}) {
    if (major >= sourceFacts.major) return []
    return [
      {
        what: `the target runs Postgres ${here}, the source ${sourceFacts.version}`,
        remedy: `create the target with Postgres ${sourceFacts.major} or newer`,
      },
    ]
  },
})

const sameDatabase: Check = {
  id: 'target-is-source',
  question: 'Is the target a different database from the source?',
  level: 'blocker',
  example: {byHand: 'another-database', facts: (healthy) => ({...healthy, target: healthy.source})},

  async inspect({source, target}) {
    return target && (await isSameDatabase(source, target))
      ? [{what: 'the target is the source itself', remedy: 'check RDS_DATABASE_URL'}]
      : []
  },
}

const standby: Check = {
  id: 'target-standby',
  question: 'Is the target the writer, not a read replica?',
  level: 'blocker',
  example: {
    byHand: 'another-database',
    facts: (healthy) => ({...healthy, target: answering(healthy.target!, {standby: true})}),
  },

  async inspect({target}) {
    if (!target) return []
    const row = await target.queryOne<{standby: boolean}>('select pg_is_in_recovery() as standby')
    return row.standby ? [{what: 'the target is a read replica', remedy: 'use the writer endpoint'}] : []
  },
}

const rights: Check = {
  id: 'target-rights',
  question: 'Does the role of the target own its database?',
  level: 'blocker',
  example: {
    on: 'target',
    superuser: true,
    sql: `do $$ begin execute format('alter database %I owner to postgres', current_database()); end $$`,
  },

  async inspect({target}) {
    if (!target) return []
    const row = await target.queryOne<{role: string; database: string; allowed: boolean}>(`
      select quote_ident(current_user) as role, quote_ident(current_database()) as database,
        pg_has_role(datdba, 'USAGE') as allowed from pg_database where datname = current_database()`)
    if (row.allowed) return []
    return [
      {
        what: `${row.role} does not own database ${row.database} on the target`,
        remedy: 'make it the owner, as the master user of the target',
        fix: `alter database ${row.database} owner to ${row.role}`,
        runBy: 'target-master',
      },
    ]
  },
}

const encoding = ofTarget({
  id: 'target-encoding',
  question: 'Is the target database encoded in UTF-8?',
  level: 'blocker',
  byHand: 'another-database',
  failing: (target) => ({...target, settings: {...target.settings, server_encoding: 'LATIN1'}}),

  found: ({settings}) =>
    settings['server_encoding'] === 'UTF8'
      ? []
      : [
          {
            what: `the target database is encoded in ${settings['server_encoding']}`,
            remedy: "create it again with encoding 'UTF8'",
          },
        ],
})

const collation = ofTarget({
  id: 'target-collation',
  question: 'Does the target have the same collation as the source?',
  level: 'warning',
  byHand: 'another-database',
  failing: (target) => ({...target, collation: 'tlh_KX.UTF-8'}),

  found({collation: there}, {sourceFacts: {collation: here}}) {
    if (normal(there) === normal(here)) return []
    return [
      {
        what: `the source has collation ${here}, the target ${there}`,
        remedy:
          'create the target database with the same collation, or make sure that nothing relies on the sort order',
      },
    ]
  },
})

/** `en_US.utf8` is `en_US.UTF-8`. */
const normal = (collationName: string): string => collationName.toLowerCase().replace('utf-8', 'utf8')

const lifetime = ofTarget({
  id: 'target-end-of-life',
  question: 'Is the Postgres version of the target near its end of life?',
  level: 'warning',
  byHand: 'another-database',
  failing: (target) => ({...target, major: 12, version: '12.22'}),

  found({major, version: here}, {now}) {
    const end = endsSoon(major, now)
    if (end === undefined) return []
    return [
      {
        what: `Postgres ${here} of the target gets no fixes after ${end}; RDS charges for extended support after that date`,
        remedy: 'create it with a newer major version: the next upgrade takes a window of its own',
      },
    ]
  },
})

const certificate = ofTarget({
  id: 'target-certificate',
  question: 'Is the certificate of the target valid for at least 90 days?',
  level: 'warning',
  byHand: 'aws',
  failing: (target) => ({...target, certificateValidTo: '2020-01-01T00:00:00Z'}),

  found({certificateValidTo}, {now}) {
    const SOON_MS = 90 * 24 * 60 * 60 * 1000
    if (certificateValidTo && Date.parse(certificateValidTo) > now.getTime() + SOON_MS) return []
    return [
      {
        what: certificateValidTo
          ? `the certificate of the target expires on ${certificateValidTo.slice(0, 10)}`
          : 'the certificate of the target could not be read',
        remedy: 'change its certificate authority to rds-ca-rsa2048-g1, and restart it before the window',
      },
    ]
  },
})

export default [
  reachable,
  reachableFromDynos,
  version,
  sameDatabase,
  standby,
  rights,
  encoding,
  collation,
  lifetime,
  certificate,
] satisfies Check[]
