import {type ChildProcess, spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, readdirSync} from 'node:fs'
import {join} from 'node:path'
import {text} from 'node:stream/consumers'

const DEBIAN = '/usr/lib/postgresql'

/** Where a tool of Postgres is: the newest of Debian's, which are not all on PATH, or the one on PATH. */
export function findTool(name: string): string | undefined {
  const majors = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
  const files = majors.map((major) => join(DEBIAN, major, 'bin', name))
  return files.find((file) => existsSync(file)) ?? (spawnSync(name, ['--version']).status === 0 ? name : undefined)
}

export function requirePgbench(): string {
  const found = findTool('pgbench')
  if (found) return found
  throw new Error(
    'pgbench is not installed: apt-get install -y postgresql-15 brings it to /usr/lib/postgresql/15/bin, brew install postgresql to PATH',
  )
}

/** What libpq needs to reach a database, without a password among the arguments. */
export function libpq(url: string): NodeJS.ProcessEnv {
  const {hostname, port, username, password, pathname, searchParams} = new URL(url)
  const rootCert = searchParams.get('sslrootcert')
  return {
    PATH: process.env['PATH'],
    LC_ALL: 'C',
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
    PGSSLMODE: searchParams.get('sslmode') ?? 'disable',
    ...(rootCert ? {PGSSLROOTCERT: rootCert} : {}),
  }
}

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

/** A tool at work. `end` asks it to stop, and tells how it ended. */
export interface Running {
  child: ChildProcess
  ended: Promise<Ended>
  end(signal?: NodeJS.Signals): Promise<Ended>
}

export function startTool(tool: string, args: readonly string[], env: NodeJS.ProcessEnv): Running {
  const child = spawn(tool, args, {stdio: ['ignore', 'pipe', 'pipe'], env})
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    ([stdout, stderr, [code]]) => ({code: code as number | null, stdout, stderr}),
  )
  return {
    child,
    ended,
    end(signal = 'SIGINT') {
      child.kill(signal)
      return ended
    },
  }
}

/** Runs a tool to its end; fails when it does. */
export async function runTool(tool: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const {code, stdout, stderr} = await startTool(tool, args, env).ended
  if (code !== 0) throw new Error(`${tool} ended with ${code}: ${stderr.slice(-2000)}`)
  return stdout
}
