import {execFile} from 'node:child_process'
import {randomBytes} from 'node:crypto'
import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import {promisify} from 'node:util'

import {expect} from 'chai'

import type {PostgresServer} from '../../sandbox/postgres/server.js'
import type {CommandResult} from '../../sandbox/heroku/index.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {useSandbox} from '../support/world.js'

const STACK_BIN = join(import.meta.dirname, '../../sandbox/stack/bin')

/** A password with everything that needs quoting somewhere, and a part that is like no other text. */
const newPassword = () => `p@:/%'" w${randomBytes(9).toString('hex')}`

/** As it stands, as URLs, JSON and SQL write it, its telling part, and base64 at each of the three alignments. */
function formsOf(password: string): string[] {
  const telling = password.slice(-18)
  const encoded = encodeURIComponent(password)
  const base64 = ['', 'x', 'xx'].map((shift) =>
    Buffer.from(shift + password)
      .toString('base64')
      .slice(4, -4),
  )
  return [password, telling, encoded, encoded.replaceAll("'", '%27'), JSON.stringify(password).slice(1, -1), ...base64]
}

/** Command lines of the stock command and of all that it starts. */
async function commandLines(): Promise<string[]> {
  const {stdout} = await promisify(execFile)('ps', ['-eww', '-o', 'pid=,ppid=,args='], {maxBuffer: 2 ** 24})
  const processes = stdout
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, parent, args]) => ({pid: pid!, parent: parent!, args: args!}))
  const family = new Set(
    processes
      .filter(({parent, args}) => parent === String(process.pid) && args.includes('heroku/bin/run.js'))
      .map(({pid}) => pid),
  )
  for (let before = -1; before !== family.size;) {
    before = family.size
    for (const {pid, parent} of processes) if (family.has(parent)) family.add(pid)
  }
  return processes.filter(({pid}) => family.has(pid)).map(({args}) => args)
}

async function dumpJournal(server: PostgresServer, database: string): Promise<string> {
  const tables = await server.superuser<{name: string}>(
    database,
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'heroku_rds' order by 1`,
  )
  const texts = [`-- ${tables.length} tables`]
  for (const {name} of tables) {
    const rows = await server.superuser<{row: string}>(database, `select t::text as row from ${name} t`)
    texts.push(name, ...rows.map(({row}) => row))
  }
  return texts.join('\n')
}

describe('Secrets', function () {
  // Twenty runs of the stock command, one after the other, with every process of the machine listed all the time.
  this.timeout(300_000)
  const world = useSandbox()

  it('no password shows anywhere in a cutover with all that can go wrong around it', async () => {
    const {sandbox} = world
    const [sourcePassword, targetPassword] = [newPassword(), newPassword()]
    const shop = await sandbox.openShop({sourcePassword, targetPassword, formation: {web: 1}})
    const asBefore = stateOf(shop.app)

    const seen = new Set<string>()
    let looking = true
    const looked = (async () => {
      while (looking) {
        for (const line of await commandLines()) seen.add(line)
        await delay(20)
      }
    })()
    const results: CommandResult[] = []
    const heroku = async (args: string[], {input = '', env = {}}: {input?: string; env?: NodeJS.ProcessEnv} = {}) => {
      const result = await sandbox.cli(args, {env: {...shop.env, ...env}, input})
      results.push(result)
      return result
    }
    const change = ['--app', shop.name, '--confirm', shop.name]
    const target = (edit: (url: URL) => void) => {
      const url = new URL(shop.target.url)
      edit(url)
      return {env: {RDS_DATABASE_URL: url.href}}
    }
    const journals: string[] = []
    try {
      for (const [edit, exit] of [
        [(url: URL) => url.searchParams.delete('sslrootcert'), 3],
        [(url: URL) => (url.port = '1'), 3],
        [(url: URL) => (url.pathname = '/nowhere'), 3],
        [(url: URL) => (url.username = 'nobody'), 3],
        [(url: URL) => (url.protocol = 'mysql:'), 2],
      ] as const) {
        const {code, stderr} = await heroku(['rds:cutover', ...change], target(edit))
        expect(code, stderr).to.equal(exit)
      }
      const broken = {env: {RDS_DATABASE_URL: shop.target.url.replace('postgres://', 'postgres//')}}
      expect((await heroku(['rds:cutover', ...change], broken)).code).to.equal(2)
      const noCa = ['--ca-file', '/etc/ssl/certs/ca-certificates.crt']
      expect((await heroku(['rds:cutover', ...change, ...noCa, '--json'])).code, 'a dyno without the CA').not.to.equal(
        0,
      )
      const [page, text] = [join(sandbox.home, 'assessment.html'), join(sandbox.home, 'assessment.md')]
      expect((await heroku(['rds:assess', '--app', shop.name, '--html', page, '--markdown', text])).code).to.equal(0)
      expect([page, text].filter((file) => !existsSync(file))).to.deep.equal([])
      expect((await heroku(['rds:assess', '--app', shop.name, '--json'])).code).to.equal(0)
      const command = ['--smoke-command', `psql "$DATABASE_URL" -XAtqc "select 'smoke'"`]
      const failing = ['--smoke-command', 'echo "$DATABASE_URL"; psql "$DATABASE_URL" -XAtqc "select 1/0"']

      const failed = await heroku(['rds:cutover', ...change, ...failing], {input: 'yes\n'})
      expect(failed.code, failed.stderr).to.equal(1)
      const declined = await heroku(['rds:cutover', ...change], {input: 'no\n'})
      expect(declined.code, declined.stderr).to.equal(1)
      expect(stateOf(shop.app)).to.deep.equal(asBefore)
      const live = await heroku(['rds:cutover', ...change, ...command, '--json'], {input: 'yes\n'})
      expect(live.code, live.stderr).to.equal(0)
      for (const [server, database] of [
        [sandbox.source, shop.source.database],
        [sandbox.target, shop.target.database],
      ] as const)
        journals.push(await dumpJournal(server, database))
      expect((await heroku(['rds:status', '--app', shop.name, '--json'])).code).to.equal(0)
      const path = {env: {PATH: `${STACK_BIN}:${process.env['PATH']}`}}
      const psql = await heroku(['rds:psql', '--app', shop.name, '-c', 'select 42'], path)
      expect(psql.code, psql.stderr).to.equal(0)
      const back = await heroku(['rds:rollback', ...change, '--json'])
      expect(back.code, back.stderr).to.equal(0)
    } finally {
      looking = false
      await looked
    }
    expect(stateOf(shop.app)).to.deep.equal(asBefore)
    shop.customersCome()
    await expectBusiness(shop)

    for (const [server, database] of [
      [sandbox.source, shop.source.database],
      [sandbox.target, shop.target.database],
    ] as const)
      journals.push(await dumpJournal(server, database))
    expect(journals[1]).to.contain('heroku_rds.notes')
    expect([...seen].some((line) => line.includes('rds:cutover'))).to.equal(true)
    const files = readdirSync(sandbox.home, {recursive: true, withFileTypes: true})
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
    expect(files.length).to.be.greaterThan(3)

    const places: [where: string, text: string][] = [
      ...results.map(({stdout, stderr}, nth): [string, string] => [`output of command ${nth + 1}`, stdout + stderr]),
      ...journals.map((text, nth): [string, string] => [`journal ${nth + 1}`, text]),
      ['the process list', [...seen].join('\n')],
      ["the source's log", readFileSync(sandbox.source.logFile, 'utf8')],
      ["the target's log", readFileSync(sandbox.target.logFile, 'utf8')],
      ...files.map((file): [string, string] => [file, readFileSync(file, 'latin1')]),
    ]
    const leaks = places.flatMap(([where, text]) =>
      Object.entries({source: sourcePassword, target: targetPassword}).flatMap(([side, password]) =>
        formsOf(password)
          .filter((form) => text.includes(form))
          .map((form) => `${where}: password of the ${side} as ${form}`),
      ),
    )
    expect(leaks).to.deep.equal([])
    await expectCleanLedger(shop, 'source')
  })
})
