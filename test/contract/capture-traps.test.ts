import {expect} from 'chai'
import type pg from 'pg'

import {captureOf, verifyTouchedLive, verifyWhileLive} from '../support/capture.js'
import {realClock} from '../support/copy.js'
import {followersOf} from '../support/hostile-followers.js'
import {
  ask,
  codeOf,
  contentsOf,
  definitionsOf,
  digestsOf,
  errorOf,
  listener,
  newClient,
  servers,
  type Source,
  type Target,
  until,
} from '../support/servers.js'
import {capturedTables} from '../../src/lib/capture/captured.js'
import {follow} from '../../src/lib/capture/follow.js'
import {CAPTURE_LAG} from '../../src/lib/capture/lag.js'
import {askBoth} from '../support/ask-both.js'
import {drainLog, installCaptureStep} from '../../src/lib/methods/change-capture/steps.js'
import {freezeSource} from '../../src/lib/runbook/steps/freeze-source.js'
import type {RdsError} from '../../src/lib/ports/errors.js'
import type {Clock, Database, FollowState} from '../../src/lib/ports/ports.js'
import type {Guard} from '../../src/lib/postgres/catalog.js'
import {longTransaction} from '../../src/lib/postgres/sessions.js'
import {claimTarget} from '../../src/lib/runbook/steps/claim-target.js'
import {installFence} from '../../src/lib/runbook/steps/install-fence.js'
import {describeDifferences} from '../../src/lib/verify/locate.js'
import {compareTouched, frozenEnds, touchedSinceVerified} from '../../src/lib/verify/touched.js'
import {forward} from '../../src/lib/runbook/migration.js'

type Capture = Awaited<ReturnType<typeof captureOf>>

/** What still goes on, by how to stop it. */
const running: (() => Promise<unknown>)[] = []

interface Followed {
  source: Source
  target: Target
  capture: Capture
}

describe('Following a source', function () {
  this.timeout(180_000)
  const both = servers()

  afterEach('stop what a test that failed has left running', () => Promise.all(running.splice(0).map((stop) => stop())))

  async function followed(schema: string, options?: Parameters<typeof both.newSource>[0]): Promise<Followed> {
    const [source, target] = [await both.newSource(options), await both.newTarget()]
    await ask(source.url, schema)
    const capture = await captureOf(source, target)
    await capture.start()
    return {source, target, capture}
  }

  describe('where transactions take their time', () => {
    let here: Followed

    before(async () => {
      here = await followed('create table things (id int primary key, v text); create table bare (v text)')
    })

    it('brings what was written first and committed last', async () => {
      const {source, target, capture} = here
      const late = await source.client()
      await late.query(`begin; insert into things values (1, 'late'); insert into bare values ('late')`)
      await ask(source.url, `begin; insert into things values (2, 'early'); insert into bare values ('early'); commit`)
      await capture.sync()
      expect(await ask(target.url, 'select v from things union all select v from bare')).to.deep.equal([
        {v: 'early'},
        {v: 'early'},
      ])
      await late.query('commit')
      await capture.sync()
      await expectEqual(here)
    })

    it('is up to date with a source on which nothing happens', async () => {
      const {capture} = here
      await capture.sync()
      const begun = Date.now()
      expect(await capture.sync()).to.include({entries: 0, rows: 0})
      const lag = await askBoth(capture.migration, CAPTURE_LAG)
      expect(lag).to.include({pending: 0, tables: 0})
      expect(lag).not.to.have.property('waiting')
      expect(lag!.seconds).to.be.within(0, (Date.now() - begun) / 1000 + 0.1)
    })

    it('says who keeps it waiting, and brings what he wrote once he has committed', async () => {
      const {source, capture} = here
      const slow = await source.client(source.url, {application_name: 'nightly report'})
      const {rows} = await slow.query<{pid: number}>('select pg_backend_pid() as pid')
      const reader = await source.client()
      await reader.query('begin isolation level repeatable read; select from things')
      await slow.query(`begin; insert into things values (3, 'slow')`)
      const following = followingOf(capture)
      const words = RegExp(
        `^waiting for pid ${rows[0]!.pid} \\(${source.user}, nightly report\\), whose transaction has been open for \\d+ s$`,
      )
      await following.until('it to be noticed', () => following.synced.some(({waiting = ''}) => words.test(waiting)))
      expect(await longTransaction(capture.migration.source)).to.match(words)
      expect((await askBoth(capture.migration, CAPTURE_LAG))!.waiting).to.match(words)

      await slow.query('commit')
      await following.until(
        'what he wrote',
        async () => (await textOf(here.target, 'select v from things where id = 3')) === 'slow',
      )
      await following.until('nothing to be waited for', () => following.synced.at(-1)!.waiting === undefined)
      await following.stop()
      await reader.query('rollback')
      await expectEqual(here)
    })
  })

  describe('with a backlog', () => {
    it('of a million keys takes it in pieces, in little memory', async () => {
      const {source, target} = await followed(`
        create table tiny (id int primary key, v smallint);
        insert into tiny select n, 0 from generate_series(1, 1000000) n`)
      await ask(source.url, 'update tiny set v = 1')
      const [before] = await ask<{nth: string}>(
        target.superuserUrl,
        'select nth::text as nth from heroku_rds.sync_state',
      )

      const followers = followersOf(source, target, 'catch up')
      const reports = await (await followers.begin()).done().finally(() => followers.close())
      const peak = reports.flatMap((report) => (report.what === 'ended' ? [report.peakMegabytes] : []))
      expect(peak[0], 'MB of memory').to.be.below(250)
      const [after] = await ask<{nth: string}>(
        target.superuserUrl,
        'select nth::text as nth from heroku_rds.sync_state',
      )
      expect(Number(after!.nth) - Number(before!.nth), 'syncs').to.be.at.least(10)
      const [most] = await ask<{n: string}>(
        target.superuserUrl,
        `select max(n) as n from (select count(*) as n from heroku_rds.touched_${await oidOf(source, 'tiny')} group by heroku_rds_sync) c`,
      )
      expect(Number(most!.n), 'keys in one sync').to.be.within(1, 70_000)
      expect(await digestsOf(target.superuserUrl)).to.deep.equal(await digestsOf(source.superuserUrl))
    })

    /** Keys so long that all of them together are more than one piece. */
    const FAR = (unique: string) => `
      create table far (id int, long text default repeat('k', 240), u int not null, primary key (id, long), ${unique});
      insert into far (id, u) select n, n from generate_series(1, 16000) n`

    for (const [when, unique] of [
      ['at once', 'unique (u)'],
      ['at the end of a statement', 'unique (u) deferrable'],
      ['at the end of a transaction', 'unique (u) deferrable initially deferred'],
      ['by exclusion', 'exclude using btree (u with =)'],
    ] as const) {
      it(`brings unique values that changed places between its ends, checked ${when}`, async () => {
        const here = await followed(FAR(unique))
        await ask(here.source.url, 'update far set u = -u')
        await ask(here.source.url, 'update far set u = 16001 + u')
        await here.capture.sync()
        await expectEqual(here)
      })
    }

    it('brings a table that was truncated in the middle of it', async () => {
      const here = await followed(FAR('unique (u)'))
      await ask(here.source.url, 'update far set u = -u')
      await ask(
        here.source.url,
        `truncate far; insert into far (id, u) select n, n + 1 from generate_series(1, 15000) n`,
      )
      await here.capture.sync()
      await expectEqual(here)
    })

    for (const [what, move] of [
      ['truncated', `truncate moved; insert into moved values (9, 'later')`],
      ['rewritten', `alter table moved alter v type varchar(7) using 'another'; insert into moved values (9, 'later')`],
    ] as const) {
      it(`notices a table that is ${what} between its snapshot and its lock`, async () => {
        const here = await followed(`
          create table awaited (id int primary key); create table moved (id int primary key, v text);
          insert into moved values (1, 'first'), (2, 'second')`)
        await ask(here.source.url, `insert into awaited values (1); update moved set v = 'changed'`)
        const [log] = await ask<{name: string}>(
          here.source.superuserUrl,
          `select format('heroku_rds.log_%s', 'awaited'::regclass::oid) as name`,
        )
        const holder = await here.source.client(here.source.superuserUrl)
        await holder.query(`begin; lock table ${log!.name} in access exclusive mode`)
        const syncing = here.capture.sync().then(
          () => undefined,
          (error: unknown) => error as RdsError,
        )
        await until('the snapshot to be taken', async () => {
          const waits = await ask(
            here.source.superuserUrl,
            `select from pg_locks where relation = '${log!.name}'::regclass and not granted`,
          )
          return waits.length > 0
        })
        await ask(here.source.url, move)
        await holder.query('commit')
        const refused = await syncing
        if (what === 'rewritten') {
          expect(refused?.code).to.equal('schema_changed')
          await ask(here.source.url, 'select')
          expect(await ask(here.target.url, 'select v from moved order by id')).to.deep.equal([
            {v: 'first'},
            {v: 'second'},
          ])
        } else {
          expect(refused).to.equal(undefined)
          await expectEqual(here)
        }
      })
    }

    it('keeps the log small, and lets it be cleared', async () => {
      const {source, capture} = await followed(`
        create table busy (id int primary key, v int); create table bare (v int);
        insert into busy select n, 0 from generate_series(1, 2000) n`)
      const logs = [await oidOf(source, 'busy'), await oidOf(source, 'bare')].map((oid) => `heroku_rds.log_${oid}`)
      for (const log of logs) {
        const [{options} = {options: ''}] = await ask<{options: string}>(
          source.url,
          `select array_to_string(reloptions, ' ') as options from pg_class where oid = '${log}'::regclass`,
        )
        expect(options)
          .to.include('autovacuum_vacuum_scale_factor=0')
          .and.to.include('autovacuum_vacuum_threshold=20000')
      }
      const sizes: number[] = []
      for (let round = 0; round < 12; round++) {
        await ask(source.url, `update busy set v = v + 1; insert into bare select n from generate_series(1, 500) n`)
        await capture.sync()
        for (const log of logs) {
          expect(await ask(source.url, `select from ${log} limit 1`)).to.deep.equal([])
          await ask(source.url, `vacuum ${log}`)
        }
        const [size] = await ask<{bytes: string}>(
          source.url,
          `select sum(pg_total_relation_size(log::regclass)) as bytes from unnest(array['${logs.join(`', '`)}']) log`,
        )
        sizes.push(Number(size!.bytes))
      }
      expect(Math.max(...sizes), `bytes after each round: ${sizes.join(', ')}`).to.be.below(400_000)
    })
  })

  describe('refuses to go on', () => {
    const SCHEMA = `
      create table things (id int primary key, a int, b text); insert into things select n, n, 'b' from generate_series(1, 20) n;
      create table others (id int primary key); create table bare (v text);
      create table tree (id int primary key) partition by range (id); create table tree_1 partition of tree for values from (0) to (10)`

    /** Refused, with words that name the change; and nothing that was noted is forgotten. */
    async function expectRefused({source, capture}: Followed, words: RegExp): Promise<void> {
      const before = await notedOn(source)
      const error = await errorOf<RdsError>(capture.sync())
      expect(error.code, error.message).to.equal('schema_changed')
      expect(error.message).to.match(words)
      expect(await notedOn(source)).to.deep.equal(before)
    }

    for (const [what, sql, words] of [
      ['a column came', `alter table things add c int default 7`, /things.*\+ c integer/],
      ['a column went', `alter table things drop b`, /things.*- b text/],
      ['a column is called otherwise', `alter table things rename a to c`, /things.*- a integer.*\+ c integer/],
      ['a column has another type', `alter table things alter a type bigint`, /things.*- a integer.*\+ a bigint/],
      ['a column was computed anew', `alter table things alter a type int using -a`, /things.*: ~ a integer$/],
      ['a table came', `create table fresh (id int primary key)`, /\+ .*fresh/],
      ['a table went', `drop table others`, /- .*others/],
      ['a table is called otherwise', `alter table others rename to another`, /others.*another|another.*others/],
      [
        'a partition came, which is written to directly',
        `create table tree_2 partition of tree for values from (10) to (20); insert into tree_2 values (15)`,
        /tree.*tree_2/,
      ],
      [
        'noting was off, and is on again',
        `alter table things disable trigger user; update things set a = -a; alter table things enable always trigger heroku_rds_capture_update`,
        /things.*trigger/,
      ],
      [
        'noting was off for rows without a key',
        `alter table bare disable trigger user; insert into bare values ('x'); alter table bare enable trigger user`,
        /bare.*trigger/,
      ],
      ['noting is off', `alter table things disable trigger heroku_rds_capture_insert`, /things.*trigger/],
      ['noting was taken off', `drop trigger heroku_rds_capture_delete on things`, /things.*trigger/],
    ] as const) {
      it(`once ${what}`, async () => {
        const here = await followed(SCHEMA)
        await ask(here.source.url, `insert into bare values ('noted')`)
        await ask(here.source.url, sql)
        await expectRefused(here, words)
      })

      it(`once ${what}, and more is written`, async () => {
        const here = await followed(SCHEMA)
        await ask(here.source.url, sql)
        await ask(
          here.source.url,
          `insert into things (id) values (100); update things set id = 101 where id = 5; insert into bare values ('noted'); insert into tree values (3)`,
        )
        await expectRefused(here, words)
      })
    }

    it('with a source that has failed over', async () => {
      const here = await followed(SCHEMA)
      await here.capture.sync()
      await ask(
        here.target.superuserUrl,
        `update heroku_rds.sync_state set source_server = regexp_replace(source_server, '.$', 'F')`,
      )
      await ask(here.source.url, 'insert into things (id) values (100)')
      const before = await contentsOf(here.target.superuserUrl)
      const error = await errorOf<RdsError>(here.capture.sync())
      expect(error.code).to.equal('source_failed_over')
      expect(error.suggestions.join()).to.include('heroku rds:')
      expect(await notedOn(here.source)).to.deep.equal({things: 1})
      expect(await contentsOf(here.target.superuserUrl)).to.deep.equal(before)
    })
  })

  describe('survives', () => {
    const SCHEMA = `
      create table keyed (id int primary key, v text unique); insert into keyed select n, 'v' || n from generate_series(1, 20) n;
      create table bare (v text, j json); insert into bare select 'same', '{}' from generate_series(1, 10)`

    it('a death after the target has committed and before the source forgot, again and again', async () => {
      const here = await followed(SCHEMA)
      const {source, target, capture} = here
      const dying = await captureOf(source, target)
      Object.assign(dying.migration.guard, {
        source: `do $$ begin raise exception using errcode = 'HR999', message = 'dies here'; end $$` satisfies Guard,
      })
      for (const changes of [
        `insert into bare select 'same', '{}' from generate_series(1, 3); update keyed set v = 'changed' where id = 1; update keyed set id = 99 where id = 2`,
        `delete from bare where ctid in (select ctid from bare limit 2); insert into bare values ('one', null); delete from keyed where id = 3`,
        `insert into bare values ('before', null); truncate bare; insert into bare values ('after', null), ('after', null)`,
        `truncate keyed; insert into keyed values (1, 'new'), (3, 'again')`,
        `delete from bare where ctid in (select ctid from bare limit 1); insert into bare values ('same', '{}')`,
        `truncate bare; truncate keyed; insert into keyed values (7, 'last')`,
      ]) {
        await ask(source.url, `begin; ${changes}; commit`)
        const noted = await notedOn(source)
        expect((await errorOf(dying.sync())).message).to.include('dies here')
        expect(await notedOn(source), 'what is noted is kept').to.deep.equal(noted)
        await expectEqual(here)
      }
      await capture.sync()
      await expectEqual(here)
      expect(await notedOn(source)).to.deep.equal({})
    })

    it('a crash of the source, and one of the target', async () => {
      const here = await followed(SCHEMA)
      const following = followingOf(here.capture)
      for (const [id, side] of [
        [100, 'source'],
        [200, 'target'],
      ] as const) {
        const {url} = here.source
        await ask(url, `insert into keyed values (${id}, 'before'); insert into bare values ('before', null)`)
        await both[side].restart({immediate: true})
        await ask(url, `update keyed set v = 'after ${side}' where id = ${id}; delete from bare where v = 'before'`)
        await following.until(
          'the copy to go on by itself',
          async () => (await textOf(here.target, `select v from keyed where id = ${id}`)) === `after ${side}`,
          40_000,
        )
      }
      await following.stop()
      await here.capture.sync()
      await expectEqual(here)
    })

    it('a process that sleeps with the turn to sync, when the window comes: its session is ended after 5 s', async () => {
      const here = await followed(SCHEMA)
      const sleeper = await here.target.client()
      await sleeper.query(`select pg_advisory_lock(hashtext('heroku_rds.sync'))`)
      await ask(here.source.url, `insert into keyed values (100, 'last')`)
      await freezeSource.run(here.capture.migration)
      const begun = Date.now()
      await drainLog.run(here.capture.migration)
      expect((Date.now() - begun) / 1000).to.be.within(4, 15)
      await expectEqual(here)
      expect((await errorOf(sleeper.query('select 1'))).message).to.match(/terminat|connection error/i)
    })

    for (const side of ['source', 'target'] as const) {
      it(`a ${side} that is down when it begins`, async () => {
        const {capture} = await followed(SCHEMA)
        await both[side].halt({immediate: true})
        const following = followingOf(capture)
        try {
          await following.until('it to try again', () => following.told.some((line) => line.endsWith(': trying again')))
        } finally {
          await both[side].resume()
        }
        await following.until('a sync', () => following.synced.length > 0)
        await following.stop()
      })
    }

    it('a crash after which the source remembers what two syncs had made it forget', async () => {
      const here = await followed(SCHEMA)
      const {source, target, capture} = here
      await both.source.configure({wal_writer_delay: '10s'})
      const [late, gate] = [await source.client(), await source.client()]
      await late.query(`begin; insert into bare values ('late', null)`)
      await ask(source.url, `insert into bare values ('early', null)`)
      await gate.query('select pg_advisory_lock(1)')
      const held = await captureOf(source, target)
      Object.assign(held.migration.guard, {source: 'select pg_advisory_xact_lock(1)' satisfies Guard})
      const syncing = held.sync()
      await until('the target to have committed', async () => {
        const waiting = await ask(source.url, `select from pg_locks where locktype = 'advisory' and not granted`)
        return waiting.length > 0
      })
      // Nothing that is committed after this one waits for the disk.
      await late.query('commit')
      await gate.query('select pg_advisory_unlock(1)')
      await syncing
      await capture.sync()
      await expectEqual(here)
      await both.source.restart({immediate: true})
      await both.source.configure({wal_writer_delay: '200ms'})
      await capture.sync()
      await expectEqual(here)
    })

    it('a crash that empties what the source does not log', async () => {
      const here = await followed(
        'create unlogged table sessions (id int primary key); insert into sessions values (1)',
      )
      await ask(here.source.url, 'insert into sessions values (2)')
      await here.capture.sync()
      await expectEqual(here)
      await both.source.restart({immediate: true})
      await ask(here.source.url, 'insert into sessions values (3)')
      const refused = await here.capture.sync().then(
        () => false,
        () => true,
      )
      if (!refused) await expectEqual(here)
    })
  })

  describe('does no harm', () => {
    it('to those who write while it is put up behind a long transaction', async () => {
      const [source, target] = [await both.newSource(), await both.newTarget()]
      await ask(source.url, 'create table busy (id bigserial primary key, v int); insert into busy (v) values (0)')
      const capture = await captureOf(source, target)
      await capture.perform([claimTarget, installFence])

      const long = await source.client()
      await long.query('begin; update busy set v = v + 1 where id = 1')
      const writers = innocentsOn(source, 'insert into busy (v) values (1)')
      const installing = capture.perform([installCaptureStep])
      let [tries, waiting] = [0, false]
      await until(
        'it to have tried six times',
        async () => {
          const [{now} = {now: false}] = await ask<{now: boolean}>(
            source.url,
            `select exists (select from pg_locks where not granted and relation = 'busy'::regclass and mode = 'ShareRowExclusiveLock') as now`,
          )
          if (now && !waiting) tries++
          waiting = now
          return tries >= 6
        },
        30_000,
      )
      await long.query('commit')
      await installing
      const {longestMs, writes} = await writers.stop()
      expect(writes).to.be.above(20)
      expect(longestMs, 'the longest wait of a writer').to.be.at.most(600)
    })

    it('to apps whose columns are called like what its own code uses', async () => {
      const names = [
        'found',
        'old',
        'new',
        'tg_op',
        'tg_argv',
        'touched',
        'before',
        'line',
        'i',
        'n',
        't',
        'net',
        'entry',
        'equal',
        'again',
        'heroku',
      ]
      const columns = names.map((name) => `"${name}" int`).join(', ')
      const here = await followed(`
        create table keyed (${columns}, primary key (${names
          .slice(0, 7)
          .map((name) => `"${name}"`)
          .join(', ')}));
        create table bare (${columns});
        create table heirs () inherits (bare);
        create table tree (${columns}, primary key (${names
          .slice(0, 7)
          .map((name) => `"${name}"`)
          .join(', ')})) partition by list (found);
        create table tree_rest partition of tree default;
        create table bare_tree (${columns}) partition by list (found);
        create table bare_tree_rest partition of bare_tree default`)
      const values = (n: number) => `values (${names.map((_, i) => n * 100 + i).join(', ')})`
      for (const table of ['keyed', 'bare', 'heirs', 'tree', 'bare_tree']) {
        for (const sql of [
          `insert into ${table} ${values(1)}, ${values(2).slice(7)}, ${values(3).slice(7)}`,
          `update ${table} set "line" = 7, "new" = 9 where "found" = 100`,
          `delete from ${table} where "found" = 200`,
        ]) {
          await ask(here.source.url, sql).catch((error: Error) =>
            expect.fail(`${sql.slice(0, 30)} … of the app: ${error.message}`),
          )
          await here.capture.sync()
          await expectEqual(here)
        }
      }
    })

    it('to secrets: no other credential can read or change what is noted', async () => {
      const {source} = await followed('create table things (id int primary key)', {credentials: ['other']})
      const other = source.credentials['other']!.url
      const log = `heroku_rds.log_${await oidOf(source, 'things')}`
      await ask(other, 'insert into things values (1)')
      expect(await codeOf(ask(other, `select from ${log}`)), 'reading').to.equal('42501')
      expect(await codeOf(ask(other, `delete from ${log}`)), 'deleting').to.equal('42501')
    })

    it('to rights: no operator of another credential runs as the owner, whatever path it writes under', async () => {
      const {source} = await followed(
        `create table keyed (id text primary key, v text); create table bare (v text);
         create table tree (id text, at int, v text, primary key (id, at)) partition by range (at);
         create table tree_1 partition of tree for values from (0) to (10);
         create table parent (id text primary key, v text); create table heir (primary key (id)) inherits (parent);
         create table loose (v text); create table loose_heir () inherits (loose)`,
        {credentials: ['other']},
      )
      const other = source.credentials['other']!
      await ask(source.superuserUrl, `create schema evil authorization ${other.user}`)
      const operators = ['=', '<>', '<', '>', '-', '~~', '||'].flatMap((name) =>
        ['text', 'name', 'int4'].map(
          (type) =>
            `create operator evil.${name} (procedure = evil.spy_${type}, leftarg = pg_catalog.${type}, rightarg = pg_catalog.${type})`,
        ),
      )
      const spies = ['text', 'name', 'int4'].map(
        (
          type,
        ) => `create function evil.spy_${type} (pg_catalog.${type}, pg_catalog.${type}) returns pg_catalog.bool language plpgsql
          as 'begin insert into evil.seen values (current_user); return true; end'`,
      )
      await ask(other.url, ['create table evil.seen (who name)', ...spies, ...operators].join(';'))
      await ask(
        source.superuserUrl,
        'grant usage on schema evil to public; grant all on evil.seen to public; grant all on all functions in schema evil to public; grant all on all tables in schema public to public',
      )
      const writes = ['keyed', 'bare', 'tree', 'tree_1', 'parent', 'heir', 'loose', 'loose_heir'].flatMap((table) => {
        const [columns, row] = /bare|loose/.test(table)
          ? ['v', `'v'`]
          : table.startsWith('tree')
            ? ['id, at, v', `'${table}', 1, 'v'`]
            : ['id, v', `'${table}', 'v'`]
        const key = /bare|loose/.test(table) ? 'v' : 'id'
        return [
          `insert into public.${table} (${columns}) values (${row})`,
          `update public.${table} set v = 'w'`,
          `update public.${table} set ${key} = pg_catalog.concat(${key}, 'x')`,
          `delete from public.${table}`,
          `truncate public.${table}`,
        ]
      })
      await ask(other.url, ['set search_path = evil, pg_catalog', ...writes].join(';'))
      expect(await ask(source.superuserUrl, 'select distinct who from evil.seen')).not.to.deep.include({
        who: source.user,
      })
    })

    for (const [when, before] of [
      ['while it is verified', 2],
      ['before it is verified, after the moment that is compared', 1],
    ] as const) {
      it(`to the truth: a table truncated ${when} is no difference`, async () => {
        const {source, capture} = await followed(`
          create table things (id int primary key); insert into things select generate_series(1, 100);
          create table bare (v int); insert into bare select generate_series(1, 100)`)
        const {migration} = capture
        let reads = 0
        // The first one keeps the moment that is compared, which is open already; the next ones read it.
        const transaction: Database['transaction'] = async (work, how) => {
          if (how?.mode?.includes('read only') && ++reads === before)
            await ask(source.url, `set lock_timeout = '2s'; truncate things, bare`).catch(() => undefined)
          return migration.source.transaction(work, how)
        }
        const {differences} = await verifyWhileLive({...migration, source: {...migration.source, transaction}})
        expect(reads, 'reads').to.be.above(before)
        const told = describeDifferences(differences, 2)
        expect(told, told.join('; ')).to.deep.equal([])
        await capture.sync()
        await verifyWhileLive(migration)
      })
    }

    it('to the truth: a table truncated while what was touched is verified is no difference', async () => {
      const {source, capture} = await followed(`
        create table things (id int primary key, v text); insert into things select n, 'v' from generate_series(1, 100) n;
        create table others (id int primary key, v text); insert into others select n, 'v' from generate_series(1, 100) n`)
      const {migration} = capture
      await verifyWhileLive(migration)
      await ask(source.url, `update things set v = 'touched'; update others set v = 'touched'`)
      await capture.sync()
      let reads = 0
      // The first one keeps the moment that is compared.
      const transaction: Database['transaction'] = async (work, how) => {
        if (how?.mode?.includes('read only') && ++reads === 1)
          await ask(source.url, `set lock_timeout = '2s'; truncate things`)
        return migration.source.transaction(work, how)
      }
      expect(await verifyTouchedLive({...migration, source: {...migration.source, transaction}})).to.deep.equal({
        keys: 200,
        differences: [],
        whole: new Set(),
      })
      expect(reads).to.equal(1)
      await capture.sync()
      const {tables} = await capturedTables(forward(migration))
      const touched = await touchedSinceVerified(migration.target, tables)
      const {compared, whole} = await compareTouched(touched, frozenEnds(forward(migration)), migration.signal)
      expect(compared.map(({table, differences}) => [table.name, differences])).to.deep.equal([
        ['"public"."things"', []],
      ])
      expect(whole).to.deep.equal([])
    })

    it('when it is gone: nothing of it is left on the source', async () => {
      const [source, target] = [await both.newSource(), await both.newTarget()]
      await ask(
        source.url,
        `create table keyed (id int primary key); create table bare (v text); create table gone (id int primary key); create table named (id int primary key);
         create table parent (id int primary key); create table heir (primary key (id)) inherits (parent);
         create table tree (id int primary key) partition by range (id); create table tree_1 partition of tree for values from (0) to (10);
         create table unkeyed (id int) partition by range (id); create table unkeyed_1 partition of unkeyed default`,
      )
      const [definitions, objects] = [await definitionsOf(source.superuserUrl), await objectsOf(source)]
      const capture = await captureOf(source, target)
      await capture.perform([claimTarget, installFence])
      const fenced = await objectsOf(source)
      const undo = (step: typeof installCaptureStep) =>
        typeof step.undo === 'function' ? step.undo(capture.migration) : Promise.reject(new Error(`${step.id} stays`))

      await capture.perform([installCaptureStep])
      expect(await objectsOf(source)).not.to.deep.equal(fenced)
      await undo(installCaptureStep)
      expect(await objectsOf(source)).to.deep.equal(fenced)

      await capture.perform([installCaptureStep])
      await ask(
        source.url,
        'drop table gone; alter table named rename to renamed; alter table tree detach partition tree_1',
      )
      await undo(installCaptureStep)
      await undo(installFence)
      await ask(
        source.url,
        `create table gone (id int primary key); alter table renamed rename to named; alter table tree attach partition tree_1 for values from (0) to (10)`,
      )
      expect(await objectsOf(source)).to.deep.equal(objects)
      expect(await definitionsOf(source.superuserUrl)).to.deep.equal(definitions)
    })
  })
})

/** Table by table; whole contents are shown only where they differ. */
async function expectEqual({source, target}: Followed): Promise<void> {
  const [here, there] = [await contentsOf(source.superuserUrl), await contentsOf(target.superuserUrl)]
  expect(Object.keys(there).sort()).to.deep.equal(Object.keys(here).sort())
  for (const [table, rows] of Object.entries(here)) {
    expect(there[table] === rows, `${table}\n${rows.slice(0, 500)}\n–\n${there[table]!.slice(0, 500)}`).to.equal(true)
  }
}

/** Pauses that grow would wait as long again as a server took to come back, which after a big backlog is long. */
const impatient: Clock = {...realClock, sleep: (ms, signal) => realClock.sleep(Math.min(ms, 500), signal)}

/** Follows in this process until it is stopped; rejects if it gave up before. */
function followingOf({migration}: Capture) {
  const stop = new AbortController()
  const synced: FollowState[] = []
  const operator = {...listener(), following: (state: FollowState) => void synced.push(state)}
  const ended = follow({...forward(migration), operator, clock: impatient, signal: stop.signal}, {pauseMs: 50, rest: 0})
  let gaveUp: Error | undefined
  const heard = ended.catch((error: unknown) => {
    gaveUp = error as Error
  })
  running.push(() => (stop.abort(), heard)) // whoever stops it before hears of it
  return {
    synced,
    told: operator.told,
    /** Waits for what it brings about; fails with its own reason once it has given up. */
    until: (what: string, condition: () => boolean | Promise<boolean>, timeoutMs?: number) =>
      until(
        what,
        () => {
          if (gaveUp) throw gaveUp
          return condition()
        },
        timeoutMs,
      ),
    async stop() {
      stop.abort()
      await ended
    },
  }
}

/** Two clients that know of nothing, and how long the longest of their statements took. */
function innocentsOn(source: Source, sql: string) {
  let [going, longestMs, writes] = [true, 0, 0]
  const work = async () => {
    const connection: pg.Client = await source.client()
    while (going) {
      const begun = performance.now()
      await connection.query(sql)
      longestMs = Math.max(longestMs, performance.now() - begun)
      writes++
    }
  }
  const ended = Promise.all([work(), work()])
  running.push(() => ((going = false), ended))
  return {
    async stop() {
      going = false
      await ended
      return {longestMs, writes}
    },
  }
}

async function textOf({superuserUrl}: Target, sql: string): Promise<string | undefined> {
  const [row] = await ask<{v: string}>(superuserUrl, sql).catch(() => [])
  return row?.v
}

async function oidOf({url}: Source, table: string): Promise<string> {
  const [row] = await ask<{oid: string}>(url, `select '${table}'::regclass::oid::text as oid`)
  return row!.oid
}

/** How many entries each log has, but for the empty ones. */
async function notedOn({superuserUrl}: Source): Promise<Record<string, number>> {
  const client = await newClient(superuserUrl)
  try {
    const {rows} = await client.query<{log: string; name: string}>(`
      select l.oid::regclass::text as log, coalesce(c.relname, l.relname) as name from pg_class l left join pg_class c on c.oid::text = substr(l.relname, 5)
      where l.relnamespace = 'heroku_rds'::regnamespace and l.relname ~ '^log_' order by 2`)
    const noted: Record<string, number> = {}
    for (const {log, name} of rows) {
      const counted = await client.query<{n: number}>(`select count(*)::int as n from ${log}`)
      if (counted.rows[0]!.n > 0) noted[name] = counted.rows[0]!.n
    }
    return noted
  } finally {
    await client.end()
  }
}

/** Whatever the catalogs list that initdb did not make, by name. */
async function objectsOf({superuserUrl}: Source): Promise<string[]> {
  const rows = await ask<{line: string}>(
    superuserUrl,
    `select line from (
      select 'schema ' || nspname as line from pg_namespace where nspname !~ '^pg_(temp|toast_temp)'
      union all select format('class %s %s', relkind, c.oid::regclass) from pg_class c where c.oid >= 16384 and relkind not in ('t', 'i')
      union all select format('function %s', p.oid::regprocedure) from pg_proc p where p.oid >= 16384
      union all select format('trigger %s on %s %s', tgname, tgrelid::regclass, tgenabled) from pg_trigger where not tgisinternal
      union all select format('type %s', t.oid::regtype) from pg_type t where t.oid >= 16384 and typtype <> 'b') lines order by line collate "C"`,
  )
  return rows.map(({line}) => line)
}
