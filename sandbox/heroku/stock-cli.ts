import {spawn} from 'node:child_process'
import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'

/** Its pg_dump as WebAssembly runs too shortly for the compiler that optimizes it. */
const NODE_FLAGS = ['--no-deprecation', '--liftoff-only']

const RUN = join(import.meta.dirname, '..', 'node_modules', 'heroku', 'bin', 'run.js')

/**
 * The environment in which the stock `heroku` command talks to the simulator and to nothing else. `home` is a scratch
 * folder: the command writes into it, and finds there that the terms of service were shown already.
 */
export function herokuEnvironment({url, token}: {url: string; token: string}, home: string): NodeJS.ProcessEnv {
  mkdirSync(join(home, 'cache', 'heroku'), {recursive: true})
  writeFileSync(join(home, 'cache', 'heroku', 'terms-of-service'), '')
  return {
    PATH: process.env['PATH'],
    LANG: 'en_US.UTF-8',
    TZ: 'UTC',
    COLUMNS: '120',
    FORCE_COLOR: '0',
    HOME: home,
    XDG_DATA_HOME: join(home, 'data'),
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_CONFIG_HOME: join(home, 'config'),
    HEROKU_HOST: url,
    HEROKU_DATA_HOST: 'localhost',
    HEROKU_METRICS_HOST: url,
    HEROKU_PARTICLEBOARD_URL: url,
    HEROKU_API_KEY: token,
    HEROKU_DISABLE_AUTOUPDATE: '1',
    HEROKU_SKIP_NEW_VERSION_CHECK: 'true',
    DISABLE_TELEMETRY: 'true',
    OCLIF_DISABLE_LINKED_ESM_WARNING: '1',
  }
}

export interface CommandResult {
  code: number | null
  stdout: string
  stderr: string
}

export interface CommandOptions {
  /** What is typed; undefined closes the input, null holds it open and types nothing. */
  input?: string | null
  timeoutMs?: number
  /** Sees the output as it comes; may kill the command as nothing can that it would notice. */
  watch?: (text: string, kill: () => void) => void
}

/** Runs the stock command; it is killed, and `code` null, when the time is over. */
export function runHeroku(
  args: string[],
  env: NodeJS.ProcessEnv,
  {input = '', timeoutMs = 60_000, watch}: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...NODE_FLAGS, RUN, ...args], {
      env,
      cwd: env['HOME'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    })
    const result = {stdout: '', stderr: ''}
    const keep = (stream: 'stderr' | 'stdout') => (text: string) => {
      result[stream] += text
      watch?.(text, () => child.kill('SIGKILL'))
    }
    child.stdout.setEncoding('utf8').on('data', keep('stdout'))
    child.stderr.setEncoding('utf8').on('data', keep('stderr'))
    child.stdin.on('error', () => {})
    if (input !== null) child.stdin.end(input)
    child.once('error', reject)
    child.once('close', (code) => resolve({code, ...result}))
  })
}
