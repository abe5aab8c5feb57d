// Moves schemas that others have written: each .sql file of a folder is loaded into the source of a sandbox as its owner, filled
// from its catalogs, assessed, copied and followed under a writer, verified, moved, compared, moved back and given up.
import {readdirSync, readFileSync} from 'node:fs'
import {basename, join, resolve} from 'node:path'
import {parseArgs} from 'node:util'

import {isInstalled, type Major} from '../sandbox/postgres/binaries.js'
import {machine, rounded, saveResult} from './measure.js'
import {moveInChild} from './schemas/children.js'
import {hasPassed, type Outcome} from './schemas/outcome.js'
import {detailsOf, tableOf} from './schemas/report.js'

const {values, positionals} = parseArgs({
  allowPositionals: true,
  options: {
    rows: {type: 'string', default: '100'},
    'source-major': {type: 'string'},
    'target-major': {type: 'string'},
    only: {type: 'string'},
    json: {type: 'boolean', default: false},
    trial: {type: 'boolean', default: false},
  },
})
const [folder] = positionals
if (folder === undefined) throw new Error('npm run bench:schemas -- FOLDER: a folder with .sql files')
const tell = (line: string) => (values.json ? console.error(line) : console.log(line))

/** Which majors a database moves between, in turns. */
const MOVES: readonly [Major, Major][] = [
  [16, 17],
  [15, 18],
  [14, 17],
  [17, 18],
  [13, 16],
  [16, 18],
  [15, 16],
  [13, 18],
]
const given = (text: string | undefined) => text && (Number(text) as Major)
const moves = MOVES.map(([source, target]): [Major, Major] => [
  given(values['source-major']) || source,
  given(values['target-major']) || target,
]).filter((majors) => majors.every(isInstalled))

/** What older majors do not understand. */
const SINCE: readonly [RegExp, Major][] = [
  [/nulls not distinct/i, 15],
  [/\bvirtual\b|\buuidv7\(|without overlaps/i, 18],
]

/** From no major that is too old for the script: by its syntax, or because it is a dump of a newer one. */
function movesOf(script: string): [Major, Major][] {
  const dumped = Number(/^-- Dumped from database version (\d+)/m.exec(script)?.[1] ?? 0)
  const oldest = Math.max(dumped, ...SINCE.flatMap(([syntax, major]) => (syntax.test(script) ? major : [])))
  const fitting = moves.filter(([source]) => values['source-major'] !== undefined || source >= oldest)
  return fitting.length > 0 ? fitting : [[18, 18]]
}

const files = readdirSync(folder)
  .filter((file) => file.endsWith('.sql'))
  .sort()
const outcomes: Outcome[] = []
for (const [nth, file] of files.entries()) {
  const name = basename(file, '.sql')
  if (values.only !== undefined && !values.only.split(',').includes(name)) continue
  const begun = Date.now()
  const path = resolve(join(folder, file))
  const possible = movesOf(readFileSync(path, 'utf8'))
  const outcome = await moveInChild(path, possible[nth % possible.length]!, values.rows)
  outcomes.push(outcome)
  const words = hasPassed(outcome) ? 'passed' : 'FAILED'
  tell(`${name} ${outcome.majors.join('→')}: ${words} in ${Math.round((Date.now() - begun) / 1000)} s`)
  for (const line of detailsOf(outcome)) tell(`  ${line}`)
}

for (const line of tableOf(outcomes)) tell(line)
const seconds = (n: number | undefined) => (n === undefined ? null : rounded(n, 2))
const result = {
  machine: machine('13 to 18'),
  rowsEach: Number(values.rows),
  schemas: outcomes.map((outcome) => ({
    ...outcome,
    passed: hasPassed(outcome),
    startSeconds: seconds(outcome.startSeconds),
    windowSeconds: seconds(outcome.windowSeconds),
    writePauseSeconds: seconds(outcome.writePauseSeconds),
  })),
}
if (!values.trial) saveResult('schemas', result)
if (values.json) console.log(JSON.stringify(result))
if (outcomes.length === 0 || !outcomes.every(hasPassed)) process.exitCode = 1
