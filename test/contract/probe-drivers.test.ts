import {spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {dirname, join} from 'node:path'

import {expect} from 'chai'

import {PROBE_EXIT, PROBE_SCRIPT} from '../../src/lib/apps/probe-script.js'
import {servers, until} from '../support/servers.js'

const PROJECT = join(import.meta.dirname, '../..')
const PATH = [join(PROJECT, 'sandbox/stack/bin'), dirname(process.execPath), process.env['PATH']].join(':')

/** Which drivers this machine has, asked in other words than the script's; psql and node-postgres are always there. */
const DRIVERS: [name: string, command: string, ...args: string[]][] = [
  ['ruby-pg', 'ruby', '-rpg', '-e', 'PG'],
  ['psycopg', 'python3', '-c', 'from psycopg import connect'],
  ['psycopg2', 'python3', '-c', 'from psycopg2 import connect'],
  ['php-pgsql', 'php', '-r', 'exit(function_exists("pg_connect") ? 0 : 1);'],
]
const present = DRIVERS.filter(([, command, ...args]) => spawnSync(command, args, {env: {PATH}}).status === 0)

describe(`What a dyno runs to try the target, with ${['psql', 'node-postgres', ...present.map(([name]) => name)].join(', ')}`, () => {
  const both = servers()

  async function probe(change: (url: string) => string): Promise<{code: number; heard: string[]; said: string}> {
    const target = await both.newTarget()
    const url = new URL(target.url)
    const ca = url.searchParams.get('sslrootcert')!
    const bare = change(`${url.href.split('?')[0]}?sslmode=verify-full`)
    const env = {
      PATH,
      NODE_EXTRA_CA_CERTS: ca,
      PGSSLROOTCERT: ca,
      RDS_PROBE_CHANNEL: 'a_channel',
      RDS_PROBE_HOST: url.hostname,
      RDS_PROBE_PORT: url.port,
      RDS_PROBE_USER: url.username,
      RDS_PROBE_PASSWORD: decodeURIComponent(url.password),
      RDS_PROBE_DATABASE: url.pathname.slice(1),
      RDS_PROBE_CA: ca,
      RDS_PROBE_OPTIONS: '-c work_mem=8MB',
      RDS_PROBE_URL_1: bare,
      RDS_PROBE_URL_2: `${bare}&application_name=two`,
    }
    return target.db.listening('a_channel', async (heard) => {
      const child = spawn('sh', ['-c', PROBE_SCRIPT], {env, cwd: PROJECT})
      let said = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += String(text)))
      const [code] = (await once(child, 'close')) as [number]
      await until('its last word', () => heard().some((payload) => payload.startsWith('exit')))
      return {code, heard: [...heard()], said}
    })
  }

  it('is heard by every client, for every URL', async () => {
    const {code, heard, said} = await probe((url) => url)
    expect(code, said).to.equal(PROBE_EXIT.ok)
    const drivers = ['node-postgres', ...present.map(([name]) => name)]
    const expected = ['psql 0', ...[1, 2].flatMap((nth) => drivers.map((name) => `${name} ${nth}`)), 'exit 0']
    expect(heard).to.have.members(expected)
  })

  it('says which driver fails, and why, without the password', async () => {
    const {code, heard, said} = await probe((url) => url.replace(/:[^:@]*@/, ':wrong@'))
    expect(code).to.equal(PROBE_EXIT.driverFailed)
    expect(heard).to.deep.equal(['psql 0', 'exit 1'])
    expect(said)
      .to.match(/node-postgres: password authentication failed/)
      .and.not.contain('wrong')
  })
})
