import {execFile} from 'node:child_process'
import {randomBytes} from 'node:crypto'
import {mkdirSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {promisify} from 'node:util'

import {freePort} from '../../sandbox/postgres/ports.js'
import {removeWhenWeAreGone} from '../../sandbox/postgres/reaper.js'
import {giveToServerUser, makeReachable, serverUser} from '../../sandbox/postgres/server-user.js'
import type {Later} from '../cleanup.js'
import {findTool} from '../client-tools.js'
import {DURABLE} from '../durability.js'
import {connect} from '../stage.js'

const run = promisify(execFile)
const SCHEMA = process.env['BUCARDO_SCHEMA'] ?? '/usr/share/bucardo/bucardo.schema'

/** The database in which Bucardo keeps what it is to do. It needs PL/Perl, which the sandbox's servers lack. */
export interface Control {
  url: string
  /** Where the daemon leaves the numbers of its processes. */
  pidDir: string
  /** How the tool reaches it. */
  options: string[]
  env: NodeJS.ProcessEnv
}

export async function startControl(later: Later): Promise<Control> {
  const folder = join(tmpdir(), `bench-bucardo-${randomBytes(6).toString('hex')}`) // it lowers the case of a path
  mkdirSync(folder)
  removeWhenWeAreGone(folder)
  giveToServerUser(folder)
  makeReachable(folder)
  const bin = dirname(findTool('postgres')!)
  const [dataDir, port] = [join(folder, 'data'), await freePort()]
  // Its functions in Perl connect to other servers, and libpq looks for certificates at home.
  const env = {...process.env, LC_ALL: 'C', HOME: folder}
  const asServer = (tool: string, args: string[]) => run(join(bin, tool), args, {cwd: '/', env, ...serverUser})
  await asServer('initdb', ['-D', dataDir, '--no-sync', '-U', 'postgres', '--auth=trust'])
  const durable = Object.entries(DURABLE).map(([name, value]) => `-c ${name}=${value}`)
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' ${durable.join(' ')}`
  await asServer('pg_ctl', ['start', '--wait', '-D', dataDir, '-l', join(folder, 'postgres.log'), '-o', settings])
  later(async () => {
    await asServer('pg_ctl', ['stop', '-D', dataDir, '-m', 'immediate']).catch(() => undefined)
    rmSync(folder, {recursive: true, force: true})
  })
  const access = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-d', 'postgres']
  await run(join(bin, 'psql'), ['-X', '-q', ...access, '-f', SCHEMA])
  const url = `postgres://bucardo@127.0.0.1:${port}/bucardo`
  await setUp(url, folder)
  return {
    url,
    pidDir: pidDirOf(folder),
    options: [
      '--dbhost=127.0.0.1',
      `--dbport=${port}`,
      '--dbname=bucardo',
      '--dbuser=bucardo',
      '--batch',
      '--no-bucardorc',
      '--logdest=none',
    ],
    env,
  }
}

const pidDirOf = (folder: string): string => join(folder, 'pid')

/**
 * Its files lie in the folder. The daemon that vacuums wakes every two minutes, in whosever turn that is: it is left out, and
 * its work done between them.
 */
async function setUp(url: string, folder: string): Promise<void> {
  const client = await connect(url)
  mkdirSync(pidDirOf(folder))
  const settings = {
    piddir: pidDirOf(folder),
    reason_file: join(folder, 'reason'),
    warning_file: join(folder, 'warning'),
    stopfile: 'stop',
    bucardo_vac: '0',
  }
  for (const [name, value] of Object.entries(settings))
    await client.query('update bucardo_config set setting = $2 where name = $1', [name, value])
  await client.end()
}
