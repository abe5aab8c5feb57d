import {EXIT, refused} from '../../../ports/errors.js'
import {identityOf} from '../../../postgres/identity.js'
import {endsSoon} from '../../lifetime.js'
import type {Check} from '../../check.js'
import {answering} from '../answering.js'
import {ofTarget} from './of-target.js'

const reachable: Check = {
  id: 'target-reachable',
  question: 'Can the target be used from here, with its certificate verified?',
  level: 'blocker',
  example: {
    facts: (healthy) => ({
      ...healthy,
      targetTrouble: refused(
        'unreachable',
        'target.example:5432 does not answer',
        'admit this machine to its security group',
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
  question: 'Can a dyno of every app use the target, with its certificate verified?',
  level: 'blocker',
  example: {
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
  question: 'Is the target at least as new as the source?',
  level: 'blocker',
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
  question: 'Is the target another database?',
  level: 'blocker',
  example: {facts: (healthy) => ({...healthy, target: healthy.source})},

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
  example: {facts: (healthy) => ({...healthy, target: answering(healthy.target!, {standby: true})})},

  async inspect({target}) {
    if (!target) return []
    const row = await target.queryOne<{standby: boolean}>('select pg_is_in_recovery() as standby')
    return row.standby ? [{what: 'the target is a read replica', remedy: 'use the endpoint of the writer'}] : []
  },
}

const rights: Check = {
  id: 'target-rights',
  question: 'May the role of the target create what the source has?',
  level: 'blocker',
  example: {
    facts: (healthy) => ({
      ...healthy,
      target: answering(healthy.target!, {role: 'reader', database: 'app', allowed: false}),
    }),
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
        remedy: 'give it the database, as the master user of the target',
        fix: `alter database ${row.database} owner to ${row.role}`,
      },
    ]
  },
}

const encoding = ofTarget({
  id: 'target-encoding',
  question: 'Does the target keep text as UTF-8?',
  level: 'blocker',
  failing: (target) => ({...target, settings: {...target.settings, server_encoding: 'LATIN1'}}),

  found: ({settings}) =>
    settings['server_encoding'] === 'UTF8'
      ? []
      : [
          {
            what: `the target database is encoded in ${settings['server_encoding']}`,
            remedy: "create it anew with encoding 'UTF8'",
          },
        ],
})

const collation = ofTarget({
  id: 'target-collation',
  question: 'Does the target sort text as the source does?',
  level: 'warning',
  failing: (target) => ({...target, collation: 'tlh_KX.UTF-8'}),

  found({collation: there}, {sourceFacts: {collation: here}}) {
    if (normal(there) === normal(here)) return []
    return [
      {
        what: `the source sorts text by ${here}, the target by ${there}`,
        remedy: 'create the database of the target with the same collation, or make sure nothing relies on the order',
      },
    ]
  },
})

/** `en_US.utf8` is `en_US.UTF-8`. */
const normal = (collationName: string): string => collationName.toLowerCase().replace('utf-8', 'utf8')

const lifetime = ofTarget({
  id: 'target-end-of-life',
  question: 'Will the version of the target get fixes for a while?',
  level: 'warning',
  failing: (target) => ({...target, major: 12, version: '12.22'}),

  found({major, version: here}, {now}) {
    const end = endsSoon(major, now)
    if (end === undefined) return []
    return [
      {
        what: `Postgres ${here} of the target gets no fixes after ${end}; RDS charges for extended support from then on`,
        remedy: 'create it with a newer major: the next upgrade is a window of its own',
      },
    ]
  },
})

const certificate = ofTarget({
  id: 'target-certificate',
  question: 'Is the certificate of the target valid for a while?',
  level: 'warning',
  failing: (target) => ({...target, certificateValidTo: '2020-01-01T00:00:00Z'}),

  found({certificateValidTo}, {now}) {
    const SOON_MS = 90 * 24 * 60 * 60 * 1000
    if (certificateValidTo && Date.parse(certificateValidTo) > now.getTime() + SOON_MS) return []
    return [
      {
        what: certificateValidTo
          ? `the certificate of the target ends on ${certificateValidTo.slice(0, 10)}`
          : 'the certificate of the target could not be seen',
        remedy: 'move it to a current authority, and restart it before the window: rds-ca-rsa2048-g1',
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
