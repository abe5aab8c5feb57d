import {spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'

import {expect} from 'chai'

import {giveToServerUser, makeReachable} from '../../sandbox/postgres/server-user.js'
import type {RdsError} from '../../src/lib/ports/errors.js'
import {nodeArguments} from '../support/compiled.js'
import {copyOf, realClock} from '../support/copy.js'
import {
  ask,
  definitionsOf,
  digestsOf,
  errorOf,
  listener,
  servers,
  type Source,
  type Target,
  until,
} from '../support/servers.js'

/** About 220 MB in chunks of 32, with indexes that take a while. */
const SCHEMA = `
  create table orders (id int primary key, padding text, text text);
  alter table orders alter padding set storage plain, alter text set storage external;
  insert into orders select n, repeat('p', 3500), repeat(md5(n::text), 1600) from generate_series(1, 2000) n;
  create table lines (id int primary key, order_id int references orders, padding text, text text);
  alter table lines alter padding set storage plain, alter text set storage external;
  insert into lines select n, n, repeat('q', 3500), repeat(md5((n * 7)::text), 1600) from generate_series(1, 2000) n;
  create index on lines (order_id);
  create table words (id bigint generated always as identity primary key, word text unique, document jsonb);
  insert into words (word, document) select md5(n::text), jsonb_build_object('n', n, 'word', md5(n::text)) from generate_series(1, 60000) n;
  create index on words using gin (document);
  create table keyless (note text);
  insert into keyless select 'same ' || n % 3 from generate_series(1, 20000) n`

const CHUNK = 32 * 1024 ** 2
const KILLS = 10
const JOBS = 2

describe('a copy survives', () => {
  const both = servers()
  let source: Source
  let rows: Record<string, string>
  let objects: string[]

  before(async () => {
    source = await both.newSource()
    await ask(source.url, SCHEMA)
    rows = await digestsOf(source.superuserUrl)
    objects = await definitionsOf(source.superuserUrl)
  })

  async function preparedTarget(): Promise<Target> {
    const target = await both.newTarget()
    await copyOf(source, target).objects()
    return target
  }

  async function expectWhole(target: Target): Promise<void> {
    expect(await digestsOf(target.superuserUrl)).to.deep.equal(rows)
    const arrived = await definitionsOf(target.superuserUrl)
    expect(arrived.filter((line) => !line.startsWith('setting'))).to.deep.equal(
      objects.filter((line) => !line.startsWith('setting')),
    )
  }

  const marks = (target: Target) =>
    ask<{chunk: string; at: string}>(
      target.superuserUrl,
      `select relation || first_page as chunk, copied_at::text as at from heroku_rds.copy_chunks where copied_at is not null`,
    )

  const copying = (target: Target) =>
    until('the copy to be under way', async () => {
      const pids = await ask(
        target.superuserUrl,
        'select pid from pg_stat_progress_copy where datname = current_database() and bytes_processed > 1000000',
      )
      return pids.length > 0
    })

  /** Runs in a process of its own; returns how it ended. */
  async function copyInProcess(target: Target, live: (kill: () => void) => Promise<void>): Promise<number | string> {
    const child = spawn(process.execPath, nodeArguments('test/support/copy-child.ts'))
    let complaint = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
    const ended = once(child, 'close') as Promise<[number | null, string | null]>
    child.stdin.end(
      JSON.stringify({
        sourceUrl: source.url,
        targetUrl: target.url.split('?')[0],
        authorities: target.tls.mode === 'verified' ? target.tls.authorities : [],
        major: source.major,
      }),
    )
    await Promise.race([once(child.stdout, 'data'), ended])
    await live(() => child.kill('SIGKILL'))
    const [code, signal] = await ended
    if (code !== null && code !== 0) throw new Error(complaint)
    return code ?? signal!
  }

  it(`being killed at ${KILLS} random moments, and does again no more than was in flight`, async () => {
    const target = await preparedTarget()
    const before = new Map<string, string>()
    const moments: number[] = []
    let unfinished = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const moment = Math.round(Math.random() * 700)
      moments.push(moment)
      await copyInProcess(target, async (die) => {
        await delay(moment)
        die()
      })
      for (const {chunk, at} of await marks(target)) {
        expect(before.get(chunk) ?? at, `${chunk} after kills at ${moments.join(', ')} ms`).to.equal(at)
        before.set(chunk, at)
      }
      const [constraint] = await ask(
        target.superuserUrl,
        `select from pg_constraint where contype = 'f' and convalidated`,
      )
      if (!constraint) unfinished++
    }
    expect(unfinished, `kills of an unfinished copy, at ${moments.join(', ')} ms`).to.be.at.least(KILLS / 2)
    expect(await copyInProcess(target, () => Promise.resolve())).to.equal(0)
    await expectWhole(target)
    const size = async ({superuserUrl}: {superuserUrl: string}) => {
      const [sum] = await ask<{bytes: string}>(
        superuserUrl,
        `select sum(pg_table_size(oid)) as bytes from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
      )
      return Number(sum!.bytes)
    }
    const wasted = (await size(target)) - (await size(source)) * 1.05
    expect(wasted, `bytes written twice after kills at ${moments.join(', ')} ms`).to.be.below(
      KILLS * JOBS * CHUNK * 1.2,
    )
  })

  it('an immediate restart of the source', async () => {
    const target = await preparedTarget()
    const [copied] = await Promise.all([
      copyOf(source, target).rows(),
      copying(target).then(() => both.source.restart({immediate: true})),
    ])
    expect(copied.tables).to.equal(4)
    await copyOf(source, target).constraints()
    await expectWhole(target)
  })

  it('an immediate restart of the target', async () => {
    const target = await preparedTarget()
    const [copied] = await Promise.all([
      copyOf(source, target).rows(),
      copying(target).then(() => both.target.restart({immediate: true})),
    ])
    expect(copied.tables).to.equal(4)
    await copyOf(source, target).constraints()
    await expectWhole(target)
  })

  it('a deadlock with the app, out of which the server picks the copy', async () => {
    const target = await preparedTarget()
    const operator = listener()
    const app = await source.client(source.superuserUrl)
    const noon = new Date()
    const clock = {...realClock, now: () => noon} // a lane for which no time passes keeps every lock
    const rowsCopied = copyOf(source, target, {operator, clock}).rows()
    await copying(target)
    await app.query(`set deadlock_timeout = '60s'; begin; lock table keyless`)
    const waiting = () =>
      ask<{holds: string}>(
        source.superuserUrl,
        `select h.relation::regclass::text as holds from pg_locks w join pg_locks h on h.pid = w.pid and h.granted
         join pg_class c on c.oid = h.relation and c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
         where w.relation = 'keyless'::regclass and not w.granted limit 1`,
      )
    let held: {holds: string}[] = []
    try {
      await until('a lane to wait for the app', async () => (held = await waiting()).length > 0)
      await app.query(`lock table ${held[0]!.holds}`)
    } finally {
      await app.query('rollback')
    }
    expect((await rowsCopied).tables).to.equal(4)
    expect(operator.told.join('\n')).to.match(/deadlock detected: the copy goes on with another connection/)
    await copyOf(source, target).constraints()
    await expectWhole(target)
  })

  it('a full disk of the target, once it has been given more', async function () {
    if (process.getuid?.() !== 0) return this.skip() // mounting a small disk takes root
    const disk = join(both.folder, 'disk')
    mkdirSync(disk)
    const mount = (...options: string[]) => spawnSync('mount', ['-t', 'tmpfs', ...options, 'tmpfs', disk])
    expect(mount('-o', 'size=100m').status).to.equal(0)
    try {
      giveToServerUser(disk)
      makeReachable(disk)
      const target = await both.newTarget()
      await both.target.superuser('postgres', `create tablespace small_disk location '${disk}'`)
      await target.db.close()
      await both.target.superuser('postgres', `alter database "${target.database}" set tablespace small_disk`)
      const again = both.openTarget(target)
      await copyOf(source, again).objects()

      const error = await errorOf<RdsError>(copyOf(source, again).rows())
      expect(error.code).to.equal('disk_full')
      expect(error.message).to.match(/^the copy stopped because a disk is full: .*No space left on device$/)
      const kept = await marks(again)
      expect(kept).not.to.deep.equal([])

      expect(mount('-o', 'remount,size=1g').status).to.equal(0)
      await copyOf(source, again).rows()
      await copyOf(source, again).constraints()
      await expectWhole(again)
      expect(await marks(again)).to.include.deep.members(kept)
      await again.db.close()
      await both.target.superuser('postgres', `drop database "${target.database}" with (force)`)
      await both.target.superuser('postgres', 'drop tablespace small_disk')
    } finally {
      spawnSync('umount', ['-l', disk])
    }
  })
})
