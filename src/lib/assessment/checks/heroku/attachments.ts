import type {Check} from '../../check.js'
import {known} from '../../../ports/fact.js'
import {ofEachApp} from './of-each-app.js'

const sharedDatabase: Check = {
  id: 'shared-database',
  question: 'Do other apps share the database?',
  level: 'warning',
  example: {facts: (healthy) => ({...healthy, apps: [...healthy.apps, {...healthy.apps[0]!, name: 'another'}]})},

  inspect({app, apps}) {
    return apps
      .filter(({name}) => name !== app)
      .map(({name, attachments}) => ({
        what: `app ${name} is attached too (${attachments.map((attachment) => attachment.name).join(', ')})`,
        remedy: 'it goes into maintenance and is switched together with this one',
      }))
  },
}

const unseenApps: Check = {
  id: 'unseen-apps',
  question: 'Could every app that is attached be looked at?',
  level: 'unknown',
  example: {facts: (healthy) => ({...healthy, unseen: [{app: 'reports', why: 'Heroku says: forbidden'}]})},

  inspect: ({unseen}) =>
    unseen.map(({app, why}) => ({
      what: `${app} could not be looked at: ${why}`,
      remedy: 'its dynos, config and add-ons are not known, and it could not be switched: get access to it',
      fix: `heroku access:add ${'$(heroku auth:whoami)'} --app ${app}`,
    })),
}

const namedCredentials = ofEachApp({
  id: 'named-credentials',
  question: 'Do attachments use other credentials?',
  level: 'warning',
  failing: ({attachments}) => ({attachments: attachments.map((one) => ({...one, namespace: 'credential:reader'}))}),

  found: ({name, attachments}) =>
    attachments
      .filter(({namespace}) => namespace?.startsWith('credential:'))
      .map((attachment) => ({
        what: `${attachment.name} on ${name} uses ${attachment.namespace}: it will keep leading to the frozen source`,
        remedy: `create that role on RDS and set ${attachment.configVars[0] ?? 'its config var'} after the switch`,
      })),
})

const otherNames = ofEachApp({
  id: 'other-config-vars',
  question: 'Do config vars besides DATABASE_URL lead to the source?',
  level: 'warning',
  failing: ({attachments}) => ({
    attachments: [...attachments, {...attachments[0]!, name: 'REPORTS', configVars: ['REPORTS_URL'], namespace: null}],
  }),

  found({name, attachments}) {
    if (!attachments.some((attachment) => attachment.name === 'DATABASE')) return []
    return attachments
      .filter((attachment) => attachment.namespace === null && attachment.name !== 'DATABASE')
      .map((attachment) => ({
        what: `${attachment.configVars.join(', ')} on ${name} will keep leading to the frozen source`,
        remedy: 'make the app read DATABASE_URL, or set that var after the switch',
      }))
  },
})

const copiesOfUrl = ofEachApp({
  id: 'copies-of-the-url',
  question: 'Do config vars hold the host or the password of the source under other names?',
  level: 'warning',
  failing: () => ({copiesOfUrl: ['LEGACY_DSN']}),

  found({name, copiesOfUrl: copies}) {
    const names = known(copies)
    if (names.length === 0) return []
    return [
      {
        what: `${names.join(', ')} on ${name} ${names.length === 1 ? 'holds' : 'hold'} the address or the password of the source: nothing will change them`,
        remedy: 'make the app read DATABASE_URL, or plan to set them right after the switch',
        fix: `heroku config:unset ${names.join(' ')} --app ${name}`,
      },
    ]
  },
})

const pooler = ofEachApp({
  id: 'pooler',
  question: "Does the app rely on Heroku's pooler?",
  level: 'warning',
  failing: ({attachments}) => ({
    attachments: [...attachments, {...attachments[0]!, name: 'POOL', namespace: 'connection-pooling:default'}],
  }),

  found: ({name, attachments, space}) =>
    attachments
      .filter(({namespace}) => namespace?.startsWith('connection-pooling:'))
      .map((attachment) => ({
        what: `${attachment.name} on ${name} leads through Heroku's PgBouncer, which RDS does not have`,
        remedy:
          space === null
            ? 'run PgBouncer in the dynos (buildpack heroku/pgbouncer), or pool less: RDS Proxy is out of reach of the Common Runtime'
            : 'use RDS Proxy over the peering of the space, or PgBouncer in the dynos',
      })),
})

export default [sharedDatabase, unseenApps, namedCredentials, otherNames, copiesOfUrl, pooler] satisfies Check[]
