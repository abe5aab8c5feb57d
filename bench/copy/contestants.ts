import {spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {mkdtempSync, rmSync} from 'node:fs'
import {cpus, tmpdir} from 'node:os'
import {join} from 'node:path'
import {text} from 'node:stream/consumers'
import {fileURLToPath} from 'node:url'

/** Both databases as URLs; `folder` is the contestant's own, and removed afterwards. */
export interface Round {
  source: string
  target: string
  caFile: string
  folder: string
}

export interface Contestant {
  name: string
  version: string
  /** Copies everything; returns what it tells of itself. */
  copy(round: Round): Promise<Record<string, number>>
}

const jobs = cpus().length
const plain = '--no-owner --no-acl'
const cut = '100MB'

export const ours: Contestant = {
  name: 'heroku-plugin-rds',
  version: 'working tree',
  async copy({source, target, caFile}) {
    const script = fileURLToPath(new URL('ours.ts', import.meta.url))
    const output = await run(process.execPath, ['--import', 'tsx-loader', script], {
      BENCH_SOURCE: source,
      BENCH_TARGET: target,
      BENCH_CA: caFile,
    })
    return JSON.parse(output.trim().split('\n').at(-1)!) as Record<string, number>
  },
}

const byShell =
  (command: string): Contestant['copy'] =>
  async ({source, target, folder}) => {
    await run('bash', ['-c', `set -euo pipefail; ${command}`], {SOURCE: withTls(source), TARGET: target, DIR: folder})
    return {}
  }

const throughFolder = ({dump = '', restore = ''} = {}): Contestant['copy'] =>
  byShell(
    `pg_dump -Fd ${dump} -j ${jobs} ${plain} -f "$DIR/dump" "$SOURCE"; ` +
      `${restore} pg_restore -j ${jobs} ${plain} -d "$TARGET" "$DIR/dump"`,
  )

/** What a user would take instead; those that are not installed are left out. */
export function peers(): Contestant[] {
  const dump = versionOf('pg_dump')
  const clone = versionOf('pgcopydb')
  return [
    ...(dump
      ? [
          {
            name: 'pg_dump -Fc | pg_restore',
            version: dump,
            copy: byShell(`pg_dump -Fc ${plain} "$SOURCE" | pg_restore ${plain} -d "$TARGET"`),
          },
          {
            name: `pg_dump -Fd -j ${jobs}, pg_restore -j ${jobs}`,
            version: dump,
            copy: throughFolder(),
          },
          {
            name: `pg_dump -Fd -Z0 -j ${jobs}, pg_restore -j ${jobs} with 512MB`,
            version: dump,
            copy: throughFolder({dump: '-Z0', restore: 'PGOPTIONS="-c maintenance_work_mem=512MB"'}),
          },
        ]
      : []),
    ...(clone
      ? [
          {
            name: `pgcopydb clone, ${jobs} jobs, tables cut at ${cut}`,
            version: clone,
            copy: byShell(
              `pgcopydb clone ${plain} --no-role-passwords --table-jobs ${jobs} --index-jobs ${jobs} ` +
                `--split-tables-larger-than ${cut} --dir "$DIR/pgcopydb" --source "$SOURCE" --target "$TARGET"`,
            ),
          },
        ]
      : []),
  ]
}

/** The major of the client tools: servers must not be newer. */
export const clientMajor = (): number => Number(/(\d+)/.exec(versionOf('pg_dump') ?? '')?.[1] ?? 17)

function versionOf(tool: string): string | undefined {
  const {stdout, stderr, status} = spawnSync(tool, ['--version'], {encoding: 'utf8'})
  if (status !== 0) return undefined
  return /(\d+\.[\d.\-+\w]+)/.exec(`${stdout}\n${stderr}`)?.[1]
}

async function run(command: string, args: string[], env: Record<string, string>): Promise<string> {
  const child = spawn(command, args, {stdio: ['ignore', 'pipe', 'pipe'], env: {...process.env, ...env}})
  const [output, errors, ended] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  const [code] = ended as [number | null]
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${errors.slice(-2000)}`)
  return output
}

export function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-copy-'))
  return work(folder).finally(() => rmSync(folder, {recursive: true, force: true}))
}

const withTls = (url: string): string => `${url}?sslmode=require`
