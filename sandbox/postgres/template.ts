import {execFile} from 'node:child_process'
import {randomBytes} from 'node:crypto'
import {appendFileSync, existsSync, mkdtempSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {promisify} from 'node:util'
import {nativeFolder, type Major} from './binaries.js'
import {removeWhenWeAreGone} from './reaper.js'
import {giveToServerUser, makeReachable, serverUser} from './server-user.js'

const run = promisify(execFile)
const templates = new Map<Major, Promise<string>>()

/** Where processes that belong together share their templates, and with them the superuser's password. */
const {SANDBOX_TEMPLATES: shared, SANDBOX_PASSWORD: sharedPassword} = process.env

/** The account of whoever runs the database service; customers never see it. */
export const superuser = {name: 'provider', password: sharedPassword ?? randomBytes(16).toString('hex')}

/** Settings live in a file of their own, so that they can be replaced as a whole. */
export const settingsFile = 'sandbox.conf'

/** A fresh data directory. initdb takes a second, so it runs once per major, and is copied after that. */
export async function createDataDirectory(major: Major, dataDir: string): Promise<void> {
  const pending = templates.get(major) ?? (shared ? sharedTemplate(major, shared) : makeTemplate(major, tmpdir()))
  templates.set(major, pending)
  await run('cp', ['-R', '-p', await pending, dataDir], {cwd: '/', ...serverUser})
}

/** Sorted the same on every machine; older majors cannot have it as their default. */
const ICU = ['--locale-provider=icu', '--icu-locale=en-US']
const FIRST_WITH_ICU = 15

/** The one that is there; else ours, unless another process is sooner: a template gets its name when it is complete. */
async function sharedTemplate(major: Major, folder: string): Promise<string> {
  const template = join(folder, `postgres-${major}`)
  if (!existsSync(template)) {
    const made = dirname(await makeTemplate(major, folder))
    try {
      renameSync(made, template)
    } catch (error) {
      if (!existsSync(template)) throw error
    }
  }
  return join(template, 'data')
}

async function makeTemplate(major: Major, parent: string): Promise<string> {
  const folder = mkdtempSync(join(parent, `postgres-${major}-template-`))
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
