import type {Check} from '../../check.js'
import {known} from '../../../ports/fact.js'
import {ofEachApp} from './of-each-app.js'

const releasePhase = ofEachApp({
  id: 'release-phase',
  question: 'Does an app have a release phase, which runs at the switch?',
  level: 'warning',
  byHand: 'app',
  failing: () => ({formation: [{type: 'release', quantity: 0, size: 'basic'}]}),

  found: ({name, formation}) =>
    formation.some(({type}) => type === 'release')
      ? [
          {
            what: `the release phase of ${name} runs at the switch, on RDS, where its writes are refused until the gate`,
            remedy:
              'deploy pending schema migrations before the window, so that the release phase has nothing to write',
          },
        ]
      : [],
})

const preboot = ofEachApp({
  id: 'preboot',
  question: 'Is preboot enabled, so that old dynos keep serving after the switch?',
  level: 'warning',
  byHand: 'nothing',
  failing: () => ({preboot: true}),

  found: ({name, preboot: on}) =>
    on
      ? [
          {
            what: `${name} has preboot: after a release its old dynos keep serving for minutes, and do not appear in the list of dynos`,
            remedy: 'do nothing: preboot is disabled for the window, and enabled again afterwards',
          },
        ]
      : [],
})

const autoscaling = ofEachApp({
  id: 'autoscaling',
  question: 'Does Heroku autoscale an app, which the window interrupts?',
  level: 'warning',
  byHand: 'nothing',
  failing: () => ({autoscalers: [{type: 'web', min: 2, max: 5, monitor: {id: 'monitor'}}]}),

  found: ({name, autoscalers}) =>
    known(autoscalers).map(({type, min, max}) => ({
      what: `Heroku autoscales ${type} of ${name} between ${min} and ${max} dynos; stopping the dynos switches that off`,
      remedy: 'do nothing: it is switched on again, with the same limits, when the dynos are back',
    })),
})

const fir = ofEachApp({
  id: 'fir',
  question: 'Is an app on Fir, which has no maintenance mode?',
  level: 'warning',
  byHand: 'nothing',
  failing: () => ({generation: 'fir'}),

  found: ({name, generation}) =>
    generation === 'fir'
      ? [
          {
            what: `${name} is a Fir app: it has no maintenance mode`,
            remedy: 'expect its visitors to see errors while its dynos are stopped',
          },
        ]
      : [],
})

const CURRENT_STACKS = /^heroku-(22|24|26)$/

const stack = ofEachApp({
  id: 'stack-without-authorities',
  question: 'Do the dynos have the RDS certificate authorities?',
  level: 'warning',
  byHand: 'app',
  failing: () => ({stack: 'container'}),

  found: ({name, stack: image}) =>
    CURRENT_STACKS.test(image)
      ? []
      : [
          {
            what: `${name} runs on ${image}, whose images may lack the RDS certificate authorities`,
            remedy: 'put the RDS CA bundle into the image or the slug, and pass its path with --ca-file',
            fix: 'curl -o rds-ca.pem https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem',
            runBy: 'shell',
          },
        ],
})

/** Languages on the JVM. Ruby, Python, PHP and Go read PGSSLROOTCERT, Node reads NODE_EXTRA_CA_CERTS: the switch sets both. */
const ON_THE_JVM = /java|scala|clojure|kotlin|gradle/i

const driver = ofEachApp({
  id: 'driver-certificates',
  question: 'Does the database driver of the app read PGSSLROOTCERT or NODE_EXTRA_CA_CERTS?',
  level: 'warning',
  byHand: 'app',
  failing: () => ({language: 'Java'}),

  found: ({name, language}) =>
    ON_THE_JVM.test(language ?? '')
      ? [
          {
            what: `${name} is written in ${language}: pgjdbc reads neither PGSSLROOTCERT nor the trust store of the system`,
            remedy: 'add sslrootcert=/etc/ssl/certs/ca-certificates.crt to the JDBC URL',
          },
        ]
      : [],
})

const network = ofEachApp({
  id: 'no-static-addresses',
  question: 'Does the app have static IP addresses, to which the security group can be restricted?',
  level: 'warning',
  byHand: 'aws',
  failing: () => ({network: null, space: null}),

  found({name, network: facts}) {
    if (known(facts) !== null) return []
    return [
      {
        what: `${name} runs on the Common Runtime, whose dynos have no static IP addresses`,
        remedy: 'use a static-IP add-on, or a wider security group with strong passwords and rds.force_ssl',
      },
    ]
  },
})

const pipeline = ofEachApp({
  id: 'pipeline',
  question: 'Is the app in a pipeline, whose review apps create Heroku Postgres databases?',
  level: 'warning',
  byHand: 'app',
  failing: () => ({pipeline: {name: 'shop', stage: 'production'}}),

  found({name, pipeline: facts}) {
    const coupled = known(facts)
    if (coupled === null) return []
    return [
      {
        what: `${name} is the ${coupled.stage} stage of pipeline ${coupled.name}: its review apps get their database from app.json`,
        remedy:
          'remove heroku-postgresql from app.json to leave Heroku Postgres altogether; otherwise review apps stay on it',
      },
    ]
  },
})

export default [releasePhase, preboot, autoscaling, fir, stack, driver, network, pipeline] satisfies Check[]
