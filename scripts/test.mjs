// Everything `npm test` stands for; the last line counts its parts and tests together.
import {spawn} from 'node:child_process'

const bin = (name) => `node_modules/.bin/${name}`
const checks = [
  ['types', bin('tsc'), ['-p', 'tsconfig.dev.json']],
  ['lint', bin('eslint'), ['.', '--max-warnings', '0']],
  ['format', bin('prettier'), ['--check', '--log-level', 'warn', '.']],
]

let [passed, failed] = [0, 0]
const count = (ok) => (ok ? passed++ : failed++)

for (const [name, command, args] of checks) {
  const {status} = await run(command, args)
  process.stdout.write(`${status === 0 ? 'ok' : 'FAILED'}: ${name}\n`)
  count(status === 0)
}

const files = process.argv.slice(2)
const mocha = await run(bin('mocha'), [
  '--parallel',
  '--jobs',
  '2',
  ...(files.length > 0 ? files : ['test/**/*.test.ts']),
])
const told = (word) => Number(new RegExp(`^\\s+(\\d+) ${word}`, 'm').exec(mocha.output)?.[1] ?? 0)
passed += told('passing')
failed += told('failing')
if (mocha.status !== 0 && told('failing') === 0) count(false)

process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1

/** Shows the output as it comes, and keeps it. */
function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {stdio: ['ignore', 'pipe', 'inherit']})
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text
      process.stdout.write(text)
    })
    child.on('close', (status) => resolve({status, output}))
  })
}
