// Who may import whom, with reasons.
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: {path: `^src/${from}`},
  to: {path: '^src/', pathNot: [`^src/${from}`, ...allowed.map((path) => `^src/${path}`)]},
})

const VOCABULARY = [
  'lib/ports',
  'lib/records',
  'lib/errors',
  'lib/secret',
  'lib/catalog',
  'lib/all-ended',
  'lib/batches',
]
const DOMAIN =
  'lib/(assessment|capture|copy|finish|freeze|identity|methods|playbook|prepare|replication|runbook|status|verify|way-back)'

export default {
  forbidden: [
    only(
      'commands-are-thin',
      'commands',
      ['lib/open(-migration|-leftovers|-for-days)?', 'lib/output', DOMAIN, 'lib/errors'],
      'A command parses flags, makes one call into the domain and prints. Effects belong to adapters.',
    ),
    only(
      'output-prints',
      'lib/output',
      [DOMAIN, 'lib/open(-migration|-leftovers|-for-days)?', ...VOCABULARY],
      'Output turns domain records into text and asks the operator; it changes nothing.',
    ),
    only(
      'domain-knows-ports-only',
      DOMAIN,
      VOCABULARY,
      'The migration is written against src/lib/ports.ts, so that it can be read and tested without Heroku or AWS.',
    ),
    {
      name: 'steps-know-no-method',
      comment: 'What every method shares must not know any of them; src/lib/playbook.ts joins the two.',
      severity: 'error',
      from: {path: '^src/lib/runbook'},
      to: {path: '^src/lib/(methods/(?!method\\.ts)|playbook)'},
    },
    only(
      'adapters-decide-nothing',
      'lib/adapters',
      VOCABULARY,
      'An adapter translates one outside system; it decides nothing.',
    ),
    only(
      'the-vocabulary-is-the-floor',
      '(lib/(ports|records|errors|secret|catalog))',
      [],
      'Words that know nothing can be used everywhere.',
    ),
    {
      name: 'only-adapters-reach-out',
      comment: 'Every connection and child process is in src/lib/adapters.',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/lib/(adapters|open)'},
      to: {
        path: '^(pg|pg-copy-streams|@aws-sdk/|child_process|net|tls|https?)|node_modules/(pg|pg-copy-streams|@aws-sdk)/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'the-plugin-knows-no-sandbox',
      comment: 'The sandbox is not in the published package, and agrees with nobody whose code it shares.',
      severity: 'error',
      from: {path: '^src/'},
      to: {path: '^(sandbox|test|bench)/'},
    },
    {
      name: 'the-sandbox-stands-alone',
      comment: 'A simulator that shares code with what it tests agrees with its mistakes.',
      severity: 'error',
      from: {path: '^sandbox/'},
      to: {path: '^(src|test|bench)/'},
    },
    {
      name: 'no-cycles',
      comment: 'Break the cycle.',
      severity: 'error',
      from: {},
      to: {circular: true, viaOnly: {dependencyTypesNot: ['type-only']}},
    },
    {
      name: 'no-orphans',
      comment: 'Nothing uses this file: delete it.',
      severity: 'error',
      from: {orphan: true, path: '^src/lib'},
      to: {},
    },
  ],
}
