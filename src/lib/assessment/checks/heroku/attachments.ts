import type {SourceVar} from '../../../ports/assessment.js'
import type {Check} from '../../check.js'
import {known} from '../../../ports/fact.js'
import {isOutside, OUTSIDE} from '../../../apps/outside-source.js'
import {fateOf, USUAL_VAR} from '../../../apps/source-vars.js'
import {ofEachApp} from './of-each-app.js'
import {UNLISTED} from '../../facts/apps.js'

const sharedDatabase: Check = {
  id: 'shared-database',
  question: 'Are other apps attached to the database?',
  level: 'warning',
  example: {
    byHand: 'app',
    facts: (healthy) => ({...healthy, apps: [...healthy.apps, {...healthy.apps[0]!, name: 'another'}]}),
  },

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
  example: {
    byHand: 'heroku',
    facts: (healthy) => ({...healthy, unseen: [{app: 'reports', why: 'Heroku says: forbidden'}]}),
  },

  inspect: ({unseen}) =>
    unseen.map(({app, why}) => ({
      what: `${app} could not be inspected: ${why}`,
      remedy:
        'ask its owner to add your account (heroku auth:whoami shows its EMAIL): its dynos, config vars and add-ons are not known, and it could not be switched',
      ...(app === UNLISTED ? {} : {fix: `heroku access:add EMAIL --app ${app}`, runBy: 'shell' as const}),
    })),
}

const otherCredentials = ofEachApp({
  id: 'other-credentials',
  question: 'Does an app connect with a credential other than the default?',
  level: 'warning',
  byHand: 'app',
  failing: () => ({sourceVars: [{name: USUAL_VAR, attachment: 'DATABASE', by: 'credential'}]}),

  found: ({name, sourceVars}, {keep}) =>
    known(sourceVars)
      .filter((one) => one.by === 'credential' && fateOf(one, keep) === 'moved')
      .map((one) => ({
        what: `${one.name} on ${name} connects with another credential than the default; on RDS it gets the role of RDS_DATABASE_URL`,
        remedy:
          'make sure that the app can be given the privileges of that role; otherwise give it a role of its own on RDS after the move',
      })),
})

const WHY: Record<SourceVar['by'], string> = {
  owner: 'leads to the source',
  pooler: 'leads to the source through its pooler',
  credential: 'connects to the source with a credential that RDS does not have',
  elsewhere:
    'holds the password of the source, and leads to another host or database: whether that is the source is not known',
  unreadable: 'holds the host, name or password of the source, and is no URL that could be changed',
}

const undecided = ofEachApp({
  id: 'config-vars-not-moved',
  question: 'Are there config vars that lead to the source and that no cutover can move?',
  level: 'blocker',
  byHand: 'app',
  failing: () => ({sourceVars: [{name: 'LEGACY_DSN', attachment: null, by: 'unreadable'}]}),

  found: ({name, sourceVars}, {keep}) =>
    known(sourceVars)
      .filter((one) => fateOf(one, keep) === 'undecided')
      .map((one) => ({
        what: `${one.name} on ${name} ${WHY[one.by]}`,
        remedy: `make the app read ${USUAL_VAR} instead, then remove it; or leave it on the source, which refuses writes after the switch, with --keep ${one.name}`,
      })),
})

const kept: Check = {
  id: 'kept-config-vars',
  question: 'Do config vars still lead to the source after the switch?',
  level: 'warning',
  example: {byHand: 'after-the-move', facts: (healthy) => ({...healthy, keep: [USUAL_VAR]})},

  inspect: ({apps, keep}) =>
    apps.flatMap(({name, sourceVars}) =>
      known(sourceVars)
        .filter((one) => fateOf(one, keep) === 'kept')
        .map((one) => ({
          what: `${one.name} on ${name} stays on the source, as --keep says: through it the app sees nothing that is written after the switch, and cannot write`,
          remedy: 'set it to the new database after the switch, or remove it',
        })),
    ),
}

const nothingToMove: Check = {
  id: 'nothing-to-move',
  question: 'Does the app have a config var that leads to the source and can be moved?',
  level: 'blocker',
  example: {
    byHand: 'app',
    facts: (healthy) => ({...healthy, apps: healthy.apps.map((app) => ({...app, sourceVars: []}))}),
  },

  inspect: ({app, apps, keep, sourceFacts}) =>
    apps
      .filter(({name, sourceVars}) => {
        const fates = known(sourceVars).map((one) => fateOf(one, keep))
        return fates.length === 0 || (name === app && fates.every((fate) => fate === 'kept'))
      })
      .map(({name}) => ({
        what: `no config var of ${name} that leads to the source would be moved`,
        remedy: isOutside({id: sourceFacts.plan})
          ? `make ${name} use the source that you named before the move: another database that it writes to is neither frozen nor copied`
          : 'check which config var the app connects by, and name that database',
        fix: `heroku config --app ${name}`,
        runBy: 'shell',
      })),
}

const outside: Check = {
  id: 'outside-source',
  question: 'Is the source a Heroku add-on, of which Heroku knows the apps?',
  level: 'warning',
  example: {byHand: 'app', facts: (healthy) => ({...healthy, sourceFacts: {...healthy.sourceFacts, plan: OUTSIDE}})},

  inspect: ({app, sourceFacts: {addon, plan}}) =>
    isOutside({id: plan})
      ? [
          {
            what: `${addon} is not a Heroku add-on: other apps and clients that use it are not known, and only ${app} is stopped and switched`,
            remedy:
              'stop the others before the window, and point them at RDS after it: the source refuses their writes from the freeze on',
          },
        ]
      : [],
}

const pooler = ofEachApp({
  id: 'pooler',
  question: 'Does the app use the connection pooling of Heroku Postgres (PgBouncer)?',
  level: 'warning',
  byHand: 'app',
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

export default [
  sharedDatabase,
  unseenApps,
  otherCredentials,
  undecided,
  kept,
  nothingToMove,
  outside,
  pooler,
] satisfies Check[]
