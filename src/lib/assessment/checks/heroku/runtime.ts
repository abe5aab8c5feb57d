import type {Check} from '../../check.js'
import {known} from '../../../ports/fact.js'
import {ofEachApp} from './of-each-app.js'

const releasePhase = ofEachApp({
  id: 'release-phase',
  question: 'Will a release phase run at the switch?',
  level: 'warning',
  failing: () => ({formation: [{type: 'release', quantity: 0, size: 'basic'}]}),

  found: ({name, formation}) =>
    formation.some(({type}) => type === 'release')
      ? [
          {
            what: `the release phase of ${name} runs at the switch, on RDS, where its writes are refused until the gate`,
            remedy: 'deploy pending schema migrations before the window, so that it has nothing to write',
          },
        ]
      : [],
})

const preboot = ofEachApp({
  id: 'preboot',
  question: 'Would old dynos go on serving after the switch?',
  level: 'warning',
  failing: () => ({preboot: true}),

  found: ({name, preboot: on}) =>
    on
      ? [
          {
            what: `${name} has preboot: after a release its old dynos serve for minutes, unseen in the list of dynos`,
            remedy: 'it is switched off for the window and on again afterwards',
          },
        ]
      : [],
})

const fir = ofEachApp({
  id: 'fir',
  question: 'Is there an app without maintenance mode?',
  level: 'warning',
  failing: () => ({generation: 'fir'}),

  found: ({name, generation}) =>
    generation === 'fir'
      ? [
          {
            what: `${name} is a Fir app: it has no maintenance mode`,
            remedy: 'its visitors see errors while its dynos are stopped',
          },
        ]
      : [],
})

const CURRENT_STACKS = /^heroku-(22|24|26)$/

const stack = ofEachApp({
  id: 'stack-without-authorities',
  question: 'Do the dynos know the certificate authorities of RDS?',
  level: 'warning',
  failing: () => ({stack: 'container'}),

  found: ({name, stack: image}) =>
    CURRENT_STACKS.test(image)
      ? []
      : [
          {
            what: `${name} runs on ${image}, whose images may lack the certificate authorities of RDS`,
            remedy: 'put the bundle of the region into the image or the slug and name it with --ca-file',
            fix: 'curl -o rds-ca.pem https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem',
          },
        ],
})

/** Ruby, Python, PHP and Go find PGSSLROOTCERT, Node finds NODE_EXTRA_CA_CERTS: the switch sets both. */
const ON_THE_JVM = /java|scala|clojure|kotlin|gradle/i

const driver = ofEachApp({
  id: 'driver-certificates',
  question: 'Does the database driver of the app find the certificate authorities by itself?',
  level: 'warning',
  failing: () => ({language: 'Java'}),

  found: ({name, language}) =>
    ON_THE_JVM.test(language ?? '')
      ? [
          {
            what: `${name} is written in ${language}: pgjdbc reads neither PGSSLROOTCERT nor the store of the system`,
            remedy: 'add sslrootcert=/etc/ssl/certs/ca-certificates.crt to the JDBC URL',
          },
        ]
      : [],
})

const network = ofEachApp({
  id: 'no-static-addresses',
  question: 'Can the security group be narrowed to the app?',
  level: 'warning',
  failing: () => ({network: null, space: null}),

  found({name, network: facts}) {
    if (known(facts) !== null) return []
    return [
      {
        what: `${name} runs on the Common Runtime, whose dynos have no fixed addresses`,
        remedy:
          'the security group of RDS must admit more than you would like: use strong passwords and rds.force_ssl, or a static-IP add-on',
      },
    ]
  },
})

const pipeline = ofEachApp({
  id: 'pipeline',
  question: 'Will review apps and promotions go on making Heroku Postgres databases?',
  level: 'warning',
  failing: () => ({pipeline: {name: 'shop', stage: 'production'}}),

  found({name, pipeline: facts}) {
    const coupled = known(facts)
    if (coupled === null) return []
    return [
      {
        what: `${name} is the ${coupled.stage} stage of pipeline ${coupled.name}: its review apps get their database from app.json`,
        remedy:
          'they stay on Heroku Postgres; take heroku-postgresql out of app.json when you mean to leave it altogether',
      },
    ]
  },
})

export default [releasePhase, preboot, fir, stack, driver, network, pipeline] satisfies Check[]
