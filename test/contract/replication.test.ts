import {expect} from 'chai'
import {readFileSync} from 'node:fs'
import {inspect} from 'node:util'

import {CHANGES, PARENTS, replicationOf, tracesOf, untilEqual} from '../support/replication.js'
import {ask, codeOf, contentsOf, errorOf, servers, type Source, type Target, until} from '../support/servers.js'
import {openDatabase} from '../../src/lib/adapters/postgres.js'
import {publisherOf} from '../../src/lib/adapters/replication.js'
import {createFence, fenceTables, lowerFence, newPass, raiseFence} from '../../src/lib/fence/fence.js'
import {unwatchedTables, WATCH, watchTables} from '../../src/lib/fence/landed-writes.js'
import {leaveNote, requireNote} from '../../src/lib/journal/notes.js'
import {followReplication} from '../../src/lib/methods/logical-replication/following.js'
import {publishStep} from '../../src/lib/methods/logical-replication/publish.js'
import {drainReplication, verifyReplicated} from '../../src/lib/methods/logical-replication/window.js'
import {attachConstraintsStep} from '../../src/lib/methods/shared/constraints.js'
import type {FollowState} from '../../src/lib/ports/ports.js'
import {Secret} from '../../src/lib/ports/secret.js'
import {REPLICATION_LAG} from '../../src/lib/replication/lag.js'
import {askBoth} from '../support/ask-both.js'
import {removeReplication} from '../../src/lib/replication/remove.js'
import {dropSlots} from '../../src/lib/replication/slot.js'
import {dropSubscription, subscribe} from '../../src/lib/replication/subscription.js'
import type {Migration} from '../../src/lib/runbook/migration.js'
import type {Step} from '../../src/lib/runbook/step.js'
import {reconcile} from '../../src/lib/runbook/steps/reconcile.js'

/** Every step here is undone by a function. */
const undo = (step: Step, migration: Migration) => (step.undo as (given: Migration) => Promise<void>)(migration)

describe('Logical replication', () => {
  const both = servers({replication: true})

  describe('brings over', () => {
    let source: Source
    let target: Target

    before(async () => {
      source = await both.newSource({password: `p' \\"%w`})
      await ask(source.url, PARENTS)
      target = await both.newTarget()
      await (await replicationOf(source, target)).start()
      await untilEqual(source, target)
    })

    for (const [what, sql] of CHANGES) {
      it(what, async () => {
        await ask(source.url, `begin; ${sql}; commit`)
        await untilEqual(source, target)
      })
    }

    it('and nothing is left of it when it is given up', async () => {
      const {migration} = await replicationOf(source, target)
      expect(await tracesOf(source, target)).to.have.lengthOf(5)
      await undo(publishStep, migration)
      expect(await tracesOf(source, target)).to.deep.equal([])
      await undo(publishStep, migration)
    })
  })

  describe('copies', () => {
    /** About 100 MB in chunks of 32. */
    const LARGE = `
      create table large (id int primary key, padding text, n int not null default 0);
      alter table large alter padding set storage plain;
      insert into large select n, repeat('p', 3500) from generate_series(1, 25000) n;
      create table held_up (id int primary key);
      insert into held_up values (1)`

    const moments = (target: Target) =>
      ask<{moment: string | null}>(target.superuserUrl, 'select distinct moment from heroku_rds.copy_chunks')
    const someCopied = async (target: Target) => (await moments(target)).some(({moment}) => moment !== null)

    /** Begins the copy, does something while it has copied some rows and waits for a lock, and lets it go on. */
    async function inTheCopy<T>(
      target: Target,
      {start, startBefore}: Awaited<ReturnType<typeof replicationOf>>,
      act: () => Promise<unknown> | void,
      ended: (copying: Promise<unknown>) => Promise<T>,
    ): Promise<T> {
      await startBefore('copy-rows')
      const holder = await target.client(target.superuserUrl)
      await holder.query('begin; lock table held_up in access exclusive mode')
      const ending = ended(start())
      ending.catch(() => undefined)
      await until('a chunk', () => someCopied(target), 60_000)
      const waiting = `select from pg_locks where relation = 'held_up'::regclass and not granted`
      await until('the copy to be held up', async () => (await ask(target.superuserUrl, waiting)).length > 0)
      await act()
      await holder.query('rollback')
      return ending
    }

    it('anew, once it was interrupted: rows of two moments are no state the source ever had', async () => {
      const [source, target] = [await both.newSource(), await both.newTarget()]
      await ask(source.url, LARGE)
      const interrupted = new AbortController()
      const first = await replicationOf(source, target, interrupted.signal)
      const abort = () => interrupted.abort(new Error('interrupted'))
      expect((await inTheCopy(target, first, abort, errorOf)).message).to.equal('interrupted')

      await ask(source.url, 'update large set n = 1 where id < 12000; delete from large where id between 5 and 100')
      const second = await replicationOf(source, target)
      await second.start()
      expect(second.told.join()).to.contain('starting the copy over')
      expect(await moments(target)).to.have.lengthOf(1)
      await ask(source.url, 'update large set n = 2 where id % 100 = 0')
      await untilEqual(source, target)
      await removeReplication(second.migration)
    })

    it('on over a broken connection, from the same moment, while that is kept', async () => {
      const [source, target] = [await both.newSource(), await both.newTarget()]
      await ask(source.url, LARGE)
      const replication = await replicationOf(source, target)
      const breaking = async () => {
        await ask(
          source.superuserUrl,
          `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'copy%'`,
        )
        await ask(source.url, 'update large set n = 1 where id % 3 = 0')
      }
      await inTheCopy(target, replication, breaking, (copying) => copying)
      expect(replication.told.join()).to.contain('another connection')
      expect(await moments(target)).to.have.lengthOf(1)
      await untilEqual(source, target)
      await removeReplication(replication.migration)
    })

    it('nothing of another moment when that is lost, and anew in the next run', async () => {
      const [source, target] = [await both.newSource(), await both.newTarget()]
      await ask(source.url, LARGE)
      const replication = await replicationOf(source, target)
      const breaking = () =>
        ask(
          source.superuserUrl,
          `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and (query like 'copy%' or backend_type = 'walsender')`,
        )
      expect((await inTheCopy(target, replication, breaking, errorOf)).code).to.equal('snapshot_lost')
      await ask(source.url, 'update large set n = 1 where id < 10000')
      await replication.start()
      await untilEqual(source, target)
      await removeReplication(replication.migration)
    })

    it('anew when the slot is gone, and when the subscription is', async () => {
      const [source, target] = [await both.newSource(), await both.newTarget()]
      await ask(source.url, PARENTS)
      const replication = await replicationOf(source, target)
      await replication.start()
      await ask(target.url, 'alter subscription heroku_rds disable')
      await dropSlots(source.db, replication.migration)
      await ask(source.url, 'delete from parents where id < 50')
      await replication.start()
      await untilEqual(source, target)

      await dropSubscription(target.db)
      await ask(source.url, 'delete from parents where id < 60')
      await replication.start()
      await untilEqual(source, target)
      await removeReplication(replication.migration)
    })

    it('only when every open transaction has ended, and says whom it waits for', async () => {
      const [source, target] = [await both.newSource(), await both.newTarget()]
      await ask(source.url, PARENTS)
      const replication = await replicationOf(source, target)
      await replication.startBefore('copy-rows')
      const client = await source.client()
      await client.query(`begin; insert into parents values (900, 'late', null)`)
      const started = replication.start()
      await until('a word', () => replication.told.some((line) => line.includes('waiting for pid')), 30_000)
      await client.query('commit')
      await started
      await untilEqual(source, target)
      await removeReplication(replication.migration)
    })
  })

  describe('follows', () => {
    let source: Source
    let target: Target
    let replication: Awaited<ReturnType<typeof replicationOf>>

    beforeEach(async () => {
      source = await both.newSource()
      await ask(source.url, PARENTS)
      target = await both.newTarget()
      replication = await replicationOf(source, target)
      await replication.start()
    })
    afterEach(() => removeReplication(replication.migration))

    /** As somebody who knows the key of the fence; all others are refused. */
    async function writeToTarget(sql: string): Promise<void> {
      const key = await requireNote(replication.migration, 'fenceKey')
      expect(await codeOf(ask(target.url, sql))).to.equal('25006')
      await ask(target.url, `set heroku_rds.pass = '${key}'; ${sql}`)
    }

    /** Follows while the work goes on; returns what was told. */
    async function following(work: (states: FollowState[]) => Promise<void>): Promise<FollowState[]> {
      const [stop, states] = [new AbortController(), [] as FollowState[]]
      const operator = {...replication.migration.operator, following: (state: FollowState) => void states.push(state)}
      const followed = followReplication(
        {...replication.migration, operator, signal: stop.signal},
        {pauseMs: 100, rest: 0},
      )
      followed.catch(() => undefined)
      try {
        await Promise.race([work(states), followed])
      } finally {
        stop.abort()
        await followed
      }
      return states
    }

    it('an idle source, whose log can go', async () => {
      const elsewhere = await both.newSource()
      const [before] = await ask<{lsn: string}>(source.url, 'select pg_current_wal_lsn()::text as lsn')
      await ask(elsewhere.url, 'create table busy as select generate_series(1, 50000) n')
      const states = await following((told) =>
        until('a slot that has moved', async () => {
          const [slot] = await ask<{moved: boolean}>(
            source.url,
            'select confirmed_flush_lsn > $1::pg_lsn and pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) < 1000 as moved from pg_replication_slots where database = current_database()',
            [before!.lsn],
          )
          return slot!.moved && told.length > 0
        }),
      )
      expect(states.at(-1)).to.include({equal: true, entries: 0, rows: 0})
      expect(await askBoth({source: source.db, target: target.db}, REPLICATION_LAG))
        .to.have.property('bytes')
        .that.is.below(10_000)
    })

    it('and tells when the worker of the target stops with an error, until what it met is gone', async () => {
      await writeToTarget(`insert into parents values (500, 'in the way', null)`)
      await ask(source.url, `insert into parents values (500, 'wanted', null)`)
      await following((states) =>
        until(
          'a word',
          () => states.some(({waiting, equal}) => !equal && waiting?.includes('stopped with an error')),
          40_000,
        ),
      )
      expect((await askBoth({source: source.db, target: target.db}, REPLICATION_LAG))!.waiting).to.contain(
        'stopped with an error',
      )
      await writeToTarget(`delete from parents where id = 500`)
      await untilEqual(source, target)
    })

    it('and tells when the target has no worker for it', async () => {
      const withWorkers = async (workers: number) => {
        await both.target.configure({max_logical_replication_workers: workers})
        await both.target.restart({immediate: true})
      }
      await withWorkers(0)
      const states = await following((told) => until('a word', () => told.some(({equal}) => !equal), 40_000))
      expect(states.at(-1)!.waiting).to.contain('max_logical_replication_workers')
      await withWorkers(8)
      await untilEqual(source, target)
    })

    it('with the credential of the day', async () => {
      await ask(source.superuserUrl, `alter role ${source.user} password 'another'`)
      await ask(
        source.superuserUrl,
        `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${source.user}'`,
      )
      const parts = {...source.parts, password: new Secret('another')}
      const db = openDatabase('source', parts, source.tls)
      const before = replication
      const publisher = publisherOf(() => Promise.resolve(parts), source.tls)
      replication = {...before, migration: {...before.migration, source: db, publisher}}
      const states = await following((told) => until('an arrival', () => told.some(({equal}) => equal), 40_000))
      expect(states.at(-1)!.equal).to.equal(true)
      await db.close()
      replication = before
      await ask(source.superuserUrl, `alter role ${source.user} password '${source.password}'`)
    })

    for (const [what, sql, named] of [
      ['a table that came', 'create table fresh (id int primary key)', '+ "public"."fresh"'],
      ['a table that went', 'drop table heir', '- "public"."heir"'],
      ['a column that came', 'alter table pairs add extra text', 'extra text'],
      ['a column that was computed anew', 'alter table pairs alter v type int using -v', '~ "public"."pairs" ('],
      ['a table that is not published any more', 'alter publication heroku_rds drop table pairs', '"public"."pairs"'],
    ] as const) {
      it(`but not over ${what}`, async () => {
        await ask(source.url, sql)
        const error = await errorOf(following(() => new Promise(() => undefined)))
        expect(error.code).to.equal('schema_changed')
        expect(error.message).to.contain(named)
      })
    }

    it('to the last commit, which a frozen source proves; and goes on when the window comes to nothing', async () => {
      const {migration} = replication
      const key = newPass()
      await ask(source.url, `insert into parents select n, 'z' || n from generate_series(2000, 22000) n`)
      await raiseFence(source.db, key, 'frozen', migration.guard.source)
      await leaveNote(migration, 'frozen', {at: new Date().toISOString(), fingerprint: '', readOnlyBefore: null})
      expect(await drainReplication.done(migration)).to.equal(false)
      await drainReplication.run(migration)
      expect(await contentsOf(target.superuserUrl)).to.deep.equal(await contentsOf(source.superuserUrl))
      expect(await drainReplication.done(migration)).to.equal(true)
      const [subscription] = await ask(
        target.superuserUrl,
        `select subenabled from pg_subscription where subname = 'heroku_rds' and subdbid = (select oid from pg_database where datname = current_database())`,
      )
      expect(subscription).to.deep.equal({subenabled: false})

      await attachConstraintsStep.run(migration)
      await reconcile.run(migration)
      await verifyReplicated.run(migration)
      await createFence(target.db, {pass: key, message: 'closed'}, migration.guard.target)
      await fenceTables(target.db, migration, migration.guard.target)
      await target.db.query(WATCH)
      await watchTables(target.db, await unwatchedTables(target.db), '')
      await undo(drainReplication, migration)
      await migration.journal.forget(['frozen'])
      expect(await drainReplication.done(migration)).to.equal(false)
      await lowerFence(source.db, migration.guard.source)
      await ask(source.url, `truncate children, parents; insert into parents values (1, 'after', null)`)
      await untilEqual(source, target)
    })

    it('and a row that is missing on the target is found in the window', async () => {
      const {migration} = replication
      await writeToTarget('delete from pairs where a = 7')
      await raiseFence(source.db, newPass(), 'frozen', migration.guard.source)
      await leaveNote(migration, 'frozen', {at: new Date().toISOString(), fingerprint: '', readOnlyBefore: null})
      await drainReplication.run(migration)
      await attachConstraintsStep.run(migration)
      const {message} = await errorOf(verifyReplicated.run(migration))
      expect(message).to.contain('"public"."pairs"').and.to.contain('missing on the target')
    })
  })

  describe('refuses', () => {
    it('to publish rows that nothing names: the app could not update them any more', async () => {
      const [source, target] = [await both.newSource(), await both.newTarget()]
      await ask(source.url, 'create table nameless (n int); insert into nameless values (1)')
      const error = await errorOf((await replicationOf(source, target)).start())
      expect(error.code).to.equal('no_replica_identity')
      await ask(source.url, 'update nameless set n = 2')
    })

    it('a target that may not subscribe, or does not reach the source, before anything is copied', async () => {
      const [source, plain] = [await both.newSource(), await both.newTarget({subscribes: false})]
      expect((await errorOf((await replicationOf(source, plain)).start())).code).to.equal('may_not_subscribe')
      const target = await both.newTarget()
      const {migration, perform} = await replicationOf(source, target)
      const publisher = publisherOf(() => Promise.resolve({...source.parts, port: 1}), source.tls)
      const error = await errorOf(perform([publishStep], {...migration, publisher}))
      expect(error.code).to.equal('source_not_reached_from_target')
      expect(await tracesOf(source, target)).to.deep.equal([])
    })

    it('a target that would log the password', async () => {
      const [source, target] = [await both.newSource(), await both.newTarget()]
      await ask(target.superuserUrl, `alter role ${target.role} set log_statement = 'all'`)
      const fresh = both.openTarget(target)
      expect((await errorOf((await replicationOf(source, fresh)).start())).message).to.contain('log_statement = all')
    })
  })

  it('shows the password to nobody', async () => {
    const password = `geheim' \\"%w`
    const [source, target] = [await both.newSource({password}), await both.newTarget()]
    await both.target.configure({log_statement: 'ddl', log_min_messages: 'info'})
    const replication = await replicationOf(source, target)
    const {migration} = replication
    const errors: unknown[] = []
    const wrong = publisherOf(() => Promise.resolve({...source.parts, user: 'nobody'}), source.tls)
    await replication.startBefore('publish')
    errors.push(await errorOf(publishStep.run({...migration, publisher: wrong})))
    await replication.start()
    const connection = await migration.publisher.connection()
    errors.push(await errorOf(subscribe(target.db, connection, 'twice', migration.guard.target)))
    errors.push(connection, migration)
    const [session] = await ask<{query: string}>(
      target.superuserUrl,
      `select string_agg(query, ' ') as query from pg_stat_activity where datname = current_database()`,
    )
    const notes = await ask(
      target.superuserUrl,
      'select * from heroku_rds.notes union all select 0, step, to_jsonb(evidence) from heroku_rds.steps',
    )
    const everything = [
      ...errors.map((error) => inspect(error, {depth: 6, showHidden: true})),
      session!.query,
      JSON.stringify(notes),
      replication.told.join(),
      readFileSync(both.target.logFile, 'utf8'),
      readFileSync(both.source.logFile, 'utf8'),
    ]
    for (const text of everything) expect(text.split('\n').filter((line) => line.includes('geheim'))).to.deep.equal([])
    await ask(target.superuserUrl, `grant pg_read_all_stats to ${target.role}`)
    expect(await codeOf(ask(target.url, 'select subconninfo from pg_subscription'))).to.equal('42501')
    await removeReplication(migration)
  })

  describe('leaves nothing', () => {
    it('on the target when the source is gone, nor on the source later', async () => {
      const [source, target] = [await both.newSource(), await both.newTarget()]
      await ask(source.url, PARENTS)
      const {migration, start} = await replicationOf(source, target)
      const {clock, signal} = migration
      await start()
      await both.source.halt({immediate: true})
      await removeReplication({target: target.db, clock, signal})
      expect(await tracesOf(undefined, target)).to.deep.equal([])
      await removeReplication({target: target.db, clock, signal})
      await both.source.resume()
      await removeReplication({source: source.db, clock, signal})
      expect(await tracesOf(source)).to.deep.equal([])
    })

    it('on the source when the target is gone, nor on the target later', async () => {
      const [source, target] = [await both.newSource(), await both.newTarget()]
      await ask(source.url, PARENTS)
      const {migration, start} = await replicationOf(source, target)
      const {clock, signal} = migration
      await start()
      // It does not even say goodbye: the source believes that its slot is being read.
      await both.target.halt({immediate: true})
      await removeReplication({source: source.db, clock, signal})
      expect(await tracesOf(source)).to.deep.equal([])
      await removeReplication({source: source.db, clock, signal})
      await both.target.resume()
      await removeReplication({target: target.db, clock, signal})
      expect(await tracesOf(undefined, target)).to.deep.equal([])
    })

    it('on the source while the target is there and connects again and again', async () => {
      const [source, target] = [await both.newSource(), await both.newTarget()]
      const {migration, start} = await replicationOf(source, target)
      const {clock, signal} = migration
      await start()
      await removeReplication({source: source.db, clock, signal})
      expect(await tracesOf(source)).to.deep.equal([])
      await removeReplication(migration)
    })
  })
})
