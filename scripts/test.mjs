// Everything `npm test` stands for; what failed is repeated at the end, and the last line counts its parts and tests together.
import {spawn} from 'node:child_process'
import {readdirSync} from 'node:fs'
import {join} from 'node:path'

const LANES = 2
const SLOWEST = 10
const bin = (name) => join('node_modules', '.bin', name)
const checks = [
  ['types', bin('tsc'), ['-p', 'tsconfig.dev.json']],
  ['lint', bin('eslint'), ['.', '--max-warnings', '0']],
  ['format', bin('prettier'), ['--check', '--log-level', 'warn', '.']],
]

let [passed, failed] = [0, 0]
const failures = []
/** Seconds of each test file, by name. */
const took = new Map()
const count = (ok) => (ok ? passed++ : failed++)

for (const [name, command, args] of checks) {
  const {status, output} = await run(command, args)
  process.stdout.write(`${output}${status === 0 ? 'ok' : 'not ok'}: ${name}\n`)
  count(status === 0)
  if (status !== 0) failures.push(`FAILED: ${name}\n${output}`)
}

// A process for each file: what one of them leaves in memory or environment no other can depend on.
const asked = process.argv.slice(2)
const files = asked.length > 0 ? asked : testFiles('test')
await Promise.all(Array.from({length: LANES}, lane))

const slowest = [...took].sort(([, a], [, b]) => b - a).slice(0, SLOWEST)
for (const [file, seconds] of slowest) process.stdout.write(`${seconds.toFixed(0).padStart(5)} s  ${file}\n`)
for (const failure of failures) process.stdout.write(failure)
process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1

async function lane() {
  for (let file = files.shift(); file; file = files.shift()) {
    const begun = performance.now()
    const {status, output} = await run(bin('mocha'), [file])
    took.set(file, (performance.now() - begun) / 1000)
    process.stdout.write(output)
    const told = (word) => Number(new RegExp(`^\\s+(\\d+) ${word}`, 'm').exec(output)?.[1] ?? 0)
    passed += told('passing')
    failed += told('failing')
    if (told('passing') + told('failing') === 0 || (status !== 0 && told('failing') === 0)) count(false)
    if (status !== 0) failures.push(`FAILED: ${file} ended with ${status}\n${sinceSummary(output)}`)
  }
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
    const child = spawn(command, args, {stdio: ['ignore', 'pipe', 'pipe']})
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    child.on('close', (status) => resolve({status, output}))
  })
}
