import type {Check} from '../../check.js'
import {known} from '../../../ports/fact.js'
import {ofEachApp} from './of-each-app.js'
import {UNLISTED} from '../../facts/apps.js'

const sharedDatabase: Check = {
  id: 'shared-database',
  question: 'Are other apps attached to the database?',
  level: 'warning',
  example: {facts: (healthy) => ({...healthy, apps: [...healthy.apps, {...healthy.apps[0]!, name: 'another'}]})},

  inspect({app, apps}) {
    return apps
      .filter(({name}) => name !== app)
      .map(({name, attachments}) => ({
        what: `app ${name} is attached too (${attachments.map((attachment) => attachment.name).join(', ')})`,
        remedy: 'plan its downtime too: it goes into maintenance mode and is switched together with this app',
      }))
  },
}

const unseenApps: Check = {
  id: 'unseen-apps',
  question: 'Can this Heroku account see every app attached to the database?',
  level: 'unknown',
  example: {facts: (healthy) => ({...healthy, unseen: [{app: 'reports', why: 'Heroku says: forbidden'}]})},

  inspect: ({unseen}) =>
    unseen.map(({app, why}) => ({
      what: `${app} could not be inspected: ${why}`,
      remedy: 'get access to it: its dynos, config vars and add-ons are not known, and it could not be switched',
      ...(app === UNLISTED ? {} : {fix: `heroku access:add ${'$(heroku auth:whoami)'} --app ${app}`}),
    })),
}

const namedCredentials = ofEachApp({
  id: 'named-credentials',
  question: 'Do attachments use credentials other than the default?',
  level: 'warning',
  failing: ({attachments}) => ({attachments: attachments.map((one) => ({...one, namespace: 'credential:reader'}))}),

  found: ({name, attachments}) =>
    attachments
      .filter(({namespace}) => namespace?.startsWith('credential:'))
      .map((attachment) => ({
        what: `${attachment.name} on ${name} uses ${attachment.namespace}, and will keep pointing to the frozen source`,
        remedy: `create that role on RDS and set ${attachment.configVars[0] ?? 'its config var'} after the switch`,
      })),
})

const otherNames = ofEachApp({
  id: 'other-config-vars',
  question: 'Do attachments set config vars other than DATABASE_URL?',
  level: 'warning',
  failing: ({attachments}) => ({
    attachments: [...attachments, {...attachments[0]!, name: 'REPORTS', configVars: ['REPORTS_URL'], namespace: null}],
  }),

  found({name, attachments}) {
    if (!attachments.some((attachment) => attachment.name === 'DATABASE')) return []
    return attachments
      .filter((attachment) => attachment.namespace === null && attachment.name !== 'DATABASE')
      .map((attachment) => ({
        what: `${attachment.configVars.join(', ')} on ${name} will keep pointing to the frozen source`,
        remedy: 'make the app read DATABASE_URL, or set that config var after the switch',
      }))
  },
})

const copiesOfUrl = ofEachApp({
  id: 'copies-of-the-url',
  question: 'Do other config vars contain the host or the password of the source?',
  level: 'warning',
  failing: () => ({copiesOfUrl: ['LEGACY_DSN']}),

  found({name, copiesOfUrl: copies}) {
    const names = known(copies)
    if (names.length === 0) return []
    return [
      {
        what: `${names.join(', ')} on ${name} ${names.length === 1 ? 'contains' : 'contain'} the host or the password of the source, and will not be changed`,
        remedy: 'make the app read DATABASE_URL, or plan to set them right after the switch',
        fix: `heroku config:unset ${names.join(' ')} --app ${name}`,
      },
    ]
  },
})

const pooler = ofEachApp({
  id: 'pooler',
  question: 'Does the app use the connection pooling of Heroku Postgres (PgBouncer)?',
  level: 'warning',
  failing: ({attachments}) => ({
    attachments: [...attachments, {...attachments[0]!, name: 'POOL', namespace: 'connection-pooling:default'}],
  }),

  found: ({name, attachments, space}) =>
    attachments
      .filter(({namespace}) => namespace?.startsWith('connection-pooling:'))
      .map((attachment) => ({
        what: `${attachment.name} on ${name} connects through Heroku's PgBouncer, which RDS does not have`,
        remedy:
          space === null
            ? 'run PgBouncer in the dynos (buildpack heroku/pgbouncer), or use fewer connections: RDS Proxy cannot be reached from the Common Runtime'
            : 'use RDS Proxy over the peering of the space, or PgBouncer in the dynos',
      })),
})

export default [sharedDatabase, unseenApps, namedCredentials, otherNames, copiesOfUrl, pooler] satisfies Check[]
