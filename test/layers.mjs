// Who may import whom: a house of floors. A room looks down, never up and never sideways; types count as well.
/** From the top floor to the ground. */
export const FLOORS = [
  ['commands'], // what an operator types: parse, one call, print
  ['output'], // what an operator reads and is asked
  ['actions'], // what a command does
  ['open'], // from flags to a world, or to a migration under lock: the only one that knows adapters
  ['assessment', 'playbook'], // can it move, and how; the whole migration on one page
  ['methods'], // the ways the data may travel, a folder each
  ['runbook'], // the engine, and the steps that all methods share
  ['verify'], // are both equal?
  ['capture', 'replication'], // following: by triggers, by a subscription
  ['copy'], // schema, rows, indexes, constraints
  ['fence', 'journal', 'apps', 'adapters'], // who may write; what was done; a Heroku app; the outside world
  ['postgres', 'flow'], // what every Postgres engineer knows; waiting and retrying
  ['ports'], // the vocabulary
]
const at = (rooms) => `^src/(lib/)?(${rooms.join('|')})(/|\\.ts$)`
const looksDown = FLOORS.flatMap((floor, i) =>
  floor.map((room) => ({
    name: `${room}-looks-down`,
    comment: `${room} may use what lies below it: ${
      FLOORS.slice(i + 1)
        .flat()
        .join(', ') || 'nothing'
    }.`,
    severity: 'error',
    from: {path: at([room])},
    to: {path: at([...FLOORS.slice(0, i).flat(), ...floor.filter((other) => other !== room), 'none'])},
  })),
)

export default {
  forbidden: [
    ...looksDown,
    {
      name: 'only-open-pairs-ports-with-adapters',
      comment: 'Code that needs the outside world is handed it.',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/lib/(open|adapters)/'},
      to: {path: '^src/lib/adapters/'},
    },
    {
      name: 'the-engine-knows-no-step',
      comment: 'What runs, resumes and undoes steps works for any of them.',
      severity: 'error',
      from: {path: '^src/lib/runbook/[^/]+\\.ts$'},
      to: {path: '^src/lib/runbook/steps/'},
    },
    {
      name: 'only-adapters-reach-out',
      comment: 'Every connection and child process is in src/lib/adapters.',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/lib/adapters/'},
      to: {
        path: '^(pg|pg-copy-streams|ssh2|@aws-sdk/|child_process|net|tls|https?)|node_modules/(pg|pg-copy-streams|ssh2|@aws-sdk)/',
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
      to: {circular: true},
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
