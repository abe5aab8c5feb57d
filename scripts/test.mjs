// Everything `npm test` stands for; what failed is repeated at the end, and the last line counts its parts and tests together.
import {spawn} from 'node:child_process'
import {randomBytes} from 'node:crypto'
import {mkdtempSync, readFileSync, readdirSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, relative, resolve} from 'node:path'

import {compile, compiledFile} from './compile.mjs'

/** One more than a small machine has processors: a story waits for a third of its time. */
const LANES = 3
const SLOWEST = 10
/** Of a file that the list does not know. */
const USUAL_SECONDS = 30
const project = join(import.meta.dirname, '..')
const bin = (name) => join('node_modules', '.bin', name)
const {timeout} = JSON.parse(readFileSync('.mocharc.json', 'utf8'))
/** Of a loaded machine; they say only who begins, so that the lanes end together. */
const known = JSON.parse(readFileSync(join(project, 'scripts/test-seconds.json'), 'utf8'))

/** Tests without a server or a shop. They share a process, in which they need less time than it takes to start one. */
const isPure = (file) => file.startsWith('test/unit/') || file === 'test/architecture.test.ts'

const checks = [
  check('types', bin('tsc'), ['-p', 'tsconfig.dev.json']),
  check('lint', bin('eslint'), ['.', '--max-warnings', '0']),
  check('format', bin('prettier'), ['--check', '--log-level', 'warn', '.']),
]
const quick = process.argv.includes('--quick')
const asked = process.argv.slice(2).filter((argument) => argument !== '--quick')
const files = (asked.length > 0 ? asked.map((file) => relative(project, resolve(file))) : testFiles('test')).filter(
  (file) => !quick || isPure(file),
)

let [passed, failed] = [0, 0]
const failures = []
/** Seconds of each job, by name. */
const took = new Map()

// What all processes of the run share: compiled code, and servers' data directories to copy.
const shared = mkdtempSync(join(tmpdir(), 'heroku-rds-test-'))
process.once('exit', () => rmSync(shared, {recursive: true, force: true}))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))
const environment = {
  ...process.env,
  SANDBOX_TEMPLATES: shared,
  SANDBOX_PASSWORD: randomBytes(16).toString('hex'),
  COMPILED: await compile(),
}

const jobs = [...checks, ...testJobs()].sort((one, other) => secondsOf(other.name) - secondsOf(one.name))
await Promise.all(Array.from({length: LANES}, lane))

const slowest = [...took].sort(([, a], [, b]) => b - a).slice(0, SLOWEST)
for (const [name, seconds] of slowest) process.stdout.write(`${seconds.toFixed(0).padStart(5)} s  ${name}\n`)
for (const failure of failures) process.stdout.write(failure)
process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1

async function lane() {
  for (let job = jobs.shift(); job; job = jobs.shift()) {
    const begun = performance.now()
    await job.work()
    took.set(job.name, (performance.now() - begun) / 1000)
  }
}

function secondsOf(name) {
  return known[name] ?? USUAL_SECONDS
}

function check(name, command, args) {
  return {
    name,
    async work() {
      const {status, output} = await run(command, args)
      process.stdout.write(`${output}${status === 0 ? 'ok' : 'not ok'}: ${name}\n`)
      count(status === 0)
      if (status !== 0) failures.push(`FAILED: ${name}\n${output}`)
    },
  }
}

/** A process for each file: what one of them leaves in memory or environment no other can depend on. */
function testJobs() {
  const pure = files.filter(isPure)
  const others = files.filter((file) => !isPure(file)).map((file) => ({name: file, work: () => test(file, [file])}))
  return pure.length > 0 ? [{name: 'test/unit', work: () => test('test/unit', pure)}, ...others] : others
}

async function test(name, sources) {
  const mocha = ['node_modules/mocha/bin/_mocha', '--no-config', '--timeout', String(timeout)]
  const setting = ['--require', compiledFile('test/support/environment.ts')]
  const {status, output} = await run(process.execPath, [...mocha, ...setting, ...sources.map(compiledFile)])
  process.stdout.write(output)
  const told = (word) => Number(new RegExp(`^\\s+(\\d+) ${word}`, 'm').exec(output)?.[1] ?? 0)
  passed += told('passing')
  failed += told('failing')
  if (told('passing') + told('failing') === 0 || (status !== 0 && told('failing') === 0)) count(false)
  if (status !== 0) failures.push(`FAILED: ${name} ended with ${status}\n${sinceSummary(output)}`)
}

function count(ok) {
  if (ok) passed++
  else failed++
}

/** What mocha tells of its failures, after its counts. */
function sinceSummary(output) {
  return output.slice(Math.max(output.search(/^\s+\d+ passing/m), 0))
}

function testFiles(folder) {
  return readdirSync(folder, {withFileTypes: true, recursive: true})
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort()
}

function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {env: environment, stdio: ['ignore', 'pipe', 'pipe']})
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    child.on('close', (status) => resolve({status, output}))
  })
}
