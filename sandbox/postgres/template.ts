import {execFile} from 'node:child_process'
import {randomBytes} from 'node:crypto'
import {appendFileSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {nativeFolder, type Major} from './binaries.js'
import {removeWhenWeAreGone} from './reaper.js'
import {giveToServerUser, makeReachable, serverUser} from './server-user.js'

const run = promisify(execFile)
const templates = new Map<Major, Promise<string>>()

/** The account of whoever runs the database service; customers never see it. */
export const superuser = {name: 'provider', password: randomBytes(16).toString('hex')}

/** Settings live in a file of their own, so that they can be replaced as a whole. */
export const settingsFile = 'sandbox.conf'

/** A fresh data directory. initdb takes a second, so it runs once per major and process, and is copied after that. */
export async function createDataDirectory(major: Major, dataDir: string): Promise<void> {
  const pending = templates.get(major) ?? makeTemplate(major)
  templates.set(major, pending)
  await run('cp', ['-R', '-p', await pending, dataDir], {cwd: '/', ...serverUser})
}

/** Sorted the same on every machine; older majors cannot have it as their default. */
const ICU = ['--locale-provider=icu', '--icu-locale=en-US']
const FIRST_WITH_ICU = 15

async function makeTemplate(major: Major): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), `postgres-${major}-template-`))
  removeWhenWeAreGone(folder)
  giveToServerUser(folder)
  makeReachable(folder)
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, superuser.password, {mode: 0o600})
  giveToServerUser(passwordFile)
  const dataDir = join(folder, 'data')
  const collation = ['--encoding=UTF8', '--locale=C', ...(major < FIRST_WITH_ICU ? [] : ICU)]
  const access = ['-U', superuser.name, `--pwfile=${passwordFile}`, '--auth=scram-sha-256']
  const initdb = join(nativeFolder(major), 'bin/initdb')
  await run(initdb, ['-D', dataDir, '--no-sync', ...collation, ...access], {
    cwd: '/',
    env: {PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC'},
    ...serverUser,
  })
  rmSync(passwordFile)
  appendFileSync(join(dataDir, 'postgresql.conf'), `include '${settingsFile}'\n`)
  return dataDir
}
