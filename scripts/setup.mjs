// Makes a fresh clone ready: installs what is missing, builds what is older than its source. Node's own modules only.
import {spawnSync} from 'node:child_process'
import {existsSync, readdirSync, statSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'

const project = join(dirname(fileURLToPath(import.meta.url)), '..')

const [major] = process.versions.node.split('.').map(Number)
if (major < 20) fail(`Node ${process.versions.node} is too old: this project needs Node 20 or newer`)
if (!['darwin', 'linux'].includes(process.platform)) fail('The sandbox runs on Linux and macOS')

for (const folder of [project, join(project, 'sandbox')]) {
  if (!installed(folder))
    run(
      `installing ${folder === project ? 'the project' : 'the sandbox (the heroku command and Postgres servers)'}`,
      'npm',
      ['ci', '--no-audit', '--no-fund', '--loglevel=error'],
      folder,
    )
}
if (isStale()) {
  run('building', process.execPath, [join(project, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json'], project)
}

/** npm writes its own lock last, so an interrupted install is not taken for a whole one. */
function installed(folder) {
  const lock = join(folder, 'node_modules/.package-lock.json')
  return existsSync(lock) && statSync(lock).mtimeMs >= statSync(join(folder, 'package-lock.json')).mtimeMs
}

function isStale() {
  const built = join(project, 'dist/lib/playbook.js')
  return !existsSync(built) || newest(join(project, 'src')) > statSync(built).mtimeMs
}

function newest(folder) {
  return Math.max(
    ...readdirSync(folder, {recursive: true, withFileTypes: true})
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs),
  )
}

function run(what, command, args, cwd) {
  process.stderr.write(`${what} …\n`)
  const {status} = spawnSync(command, args, {cwd, stdio: ['ignore', 2, 2]})
  if (status !== 0) fail(`${what} failed`)
}

function fail(why) {
  process.stderr.write(`${why}\n`)
  process.exit(1)
}
