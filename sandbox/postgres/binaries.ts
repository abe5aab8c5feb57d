import {spawnSync} from 'node:child_process'
import {cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, symlinkSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {basename, dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {makeReachable, serverUser} from './server-user.js'

export type Major = 13 | 14 | 15 | 16 | 17 | 18

const ready = new Map<Major, string>()

/** The folder with `bin/postgres` of a major, complete and runnable by the servers' account. */
export function nativeFolder(major: Major): string {
  const known = ready.get(major)
  if (known) return known
  const {name, folder} = packageOf(major)
  if (!existsSync(folder)) throw new Error(`${name} is not installed: run npm install in sandbox/`)
  addSymlinks(folder)
  const native = reachableCopy(folder, name)
  ready.set(major, native)
  return native
}

/** The oldest and the newest majors are not published for every platform. */
export const isInstalled = (major: Major): boolean => existsSync(packageOf(major).folder)

function packageOf(major: Major): {name: string; folder: string} {
  const name = `postgres-${major}-${process.platform}-${process.arch}`
  return {name, folder: fileURLToPath(new URL(`../node_modules/${name}`, import.meta.url))}
}

/** npm packages cannot hold symlinks; the package lists them and adds them in an install script that may not have run. */
function addSymlinks(folder: string): void {
  const list = join(folder, 'native/pg-symlinks.json')
  if (!existsSync(list)) return
  for (const {source, target} of JSON.parse(readFileSync(list, 'utf8')) as {source: string; target: string}[]) {
    try {
      symlinkSync(basename(source), join(folder, dirname(target), basename(target)))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

function reachableCopy(folder: string, name: string): string {
  const native = join(folder, 'native')
  if (runs(native)) return native
  const {version} = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {version: string}
  const cache = join(tmpdir(), `heroku-rds-sandbox-${process.getuid?.()}-${name}-${version}`)
  if (!existsSync(cache)) {
    const copy = mkdtempSync(`${cache}-`)
    cpSync(native, copy, {recursive: true, verbatimSymlinks: true})
    makeReachable(copy)
    try {
      renameSync(copy, cache)
    } catch {
      rmSync(copy, {recursive: true})
    }
  }

  if (statSync(cache).uid !== process.getuid?.()) throw new Error(`${cache} belongs to somebody else`)
  if (!runs(cache)) throw new Error(`${cache}/bin/postgres does not run on this machine`)
  return cache
}

function runs(native: string): boolean {
  return spawnSync(join(native, 'bin/postgres'), ['--version'], {cwd: '/', ...serverUser}).status === 0
}
