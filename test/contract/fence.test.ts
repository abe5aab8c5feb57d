import {once} from 'node:events'
import {setTimeout as delay} from 'node:timers/promises'

import {expect} from 'chai'
import type pg from 'pg'
import {from as copyFrom} from 'pg-copy-streams'

import type {RdsError} from '../../src/lib/ports/errors.js'
import {dropClaim} from '../../src/lib/fence/claim.js'
import {
  createFence,
  FENCE_TRIGGER,
  fenceState,
  fenceTables,
  lowerFence,
  newPass,
  passBarrier,
  passFence,
  raiseFence,
  removeFence,
  unfencedTables,
} from '../../src/lib/fence/fence.js'
import {ask, codeOf, errorOf, patience, servers, type Source, until} from '../support/servers.js'

const REFUSED = '25006'
const MESSAGE = "the database of shop is frozen; it's moving"

const SCHEMA = `
  create table items (id int primary key, name text, hits int not null default 0);
  insert into items select n, 'item ' || n from generate_series(1, 20) n;
  create table parts (id int primary key, item_id int references items on delete cascade on update cascade);
  insert into parts select n, n from generate_series(1, 20) n;
  create table logs (id int, day date not null) partition by range (day);
  create table logs_2025 partition of logs for values from ('2025-01-01') to ('2026-01-01');
  create table logs_other partition of logs default;
  insert into logs values (1, '2025-05-05'), (2, '2030-01-01');
  create schema billing;
  create table billing.payments (id int primary key, amount numeric);
  insert into billing.payments values (1, 10);
  create view item_names as select id, name from items;
  create function sneak() returns void language sql security definer as 'insert into public.items values (-1, ''sneaked'')';
  create table base (a int); create table derived (b int) inherits (base); insert into derived values (1, 2);
  create table "We""ird T'able;-- $$" ("Sel;ect" int primary key);`

/** Every way to write that the fence must know. */
const WRITES: Record<string, string> = {
  'an insert': "insert into items values (100, 'x')",
  'an update': 'update items set hits = hits + 1 where id = 1',
  'a delete': 'delete from items where id = 20',
  'an update of no row': 'update items set hits = 0 where false',
  'a truncate': 'truncate parts',
  'a truncate that cascades': 'truncate items cascade',
  'an upsert that does nothing': 'insert into items values (1) on conflict do nothing',
  'an upsert that updates': 'insert into items values (1) on conflict (id) do update set hits = 5',
  'a merge that updates':
    'merge into items using (values (1)) v (id) on items.id = v.id when matched then update set hits = 9',
  'a merge that inserts':
    'merge into items using (values (999)) v (id) on items.id = v.id when not matched then insert values (999)',
  'a writable CTE': 'with gone as (delete from items where id = 3 returning *) select * from gone',
  'a write to the second schema': 'insert into billing.payments values (2, 20)',
  'a write to a partitioned table': "insert into logs values (3, '2025-06-06')",
  'a direct write to a partition': "insert into logs_2025 values (3, '2025-06-06')",
  'a move between partitions': "update logs set day = '2031-01-01' where id = 1",
  'a truncate of one partition': 'truncate logs_other',
  'a write through a view': "update item_names set name = 'y' where id = 1",
  'a write by a function that its owner runs': 'select sneak()',
  'a write in an anonymous block': "do $$ begin insert into items values (101, 'x'); end $$",
  'a write to an inherited table': 'update base set a = 5',
  'a write to a child table': 'insert into derived values (3, 4)',
  'a write to a table with an odd name': 'insert into "We""ird T\'able;-- $$" values (1)',
  'a write that asks for a read-write transaction': 'begin read write; delete from items; commit',
  'a write with triggers of sessions off': 'set session_replication_role = replica; delete from items',
}

describe('the fence', () => {
  const both = servers()
  let source: Source
  let owner: pg.Client
  const key = newPass()

  before(async () => {
    source = await both.newSource({credentials: ['analytics']})
    await ask(source.url, SCHEMA)
    await ask(source.url, `grant usage on schema billing to ${source.credentials.analytics!.user}`)
    owner = await source.client()
    await createFence(source.db)
  })

  const contents = async () =>
    ask(
      source.superuserUrl,
      `select json_build_array((select json_agg(i order by id) from items i), (select json_agg(p order by id) from parts p),
        (select json_agg(l order by id) from logs l), (select json_agg(p order by id) from billing.payments p),
        (select json_agg(b) from base b), (select count(*) from "We""ird T'able;-- $$"))::text as everything`,
    )
  const raise = async () => {
    await raiseFence(source.db, key, MESSAGE)
    await passBarrier(source.db, patience(10))
  }

  describe('lowered', () => {
    it('goes up on every table once, lowered, and finds none left', async () => {
      expect(await unfencedTables(source.db)).to.have.lengthOf(9)
      expect(await fenceTables(source.db, patience())).to.equal(9)
      expect(await unfencedTables(source.db)).to.deep.equal([])
      expect(await fenceTables(source.db, patience())).to.equal(0)
      expect(await fenceState(source.db)).to.equal('lowered')
    })

    it('lets everything pass while it is lowered', async () => {
      await owner.query("begin; insert into items values (100, 'x'); truncate logs; update base set a = 5; rollback")
      await owner.query('insert into items values (200)')
      await owner.query('delete from items where id = 200')
    })
  })

  describe('raised', () => {
    let everything: unknown[]
    before(async () => {
      await raise()
      everything = await contents()
    })
    after(() => lowerFence(source.db))
    afterEach(async () => expect(await contents()).to.deep.equal(everything))

    for (const [what, sql] of Object.entries(WRITES)) {
      it(`refuses ${what}, by the owner`, async () => {
        const url = sql.includes('session_replication_role') ? source.superuserUrl : source.url
        expect(await codeOf(ask(url, sql))).to.equal(REFUSED)
      })
    }

    it('refuses another credential', async () => {
      const {url} = source.credentials.analytics!
      expect(await codeOf(ask(url, 'insert into items values (100)'))).to.equal(REFUSED)
      expect(await codeOf(ask(url, 'update billing.payments set amount = 0'))).to.equal(REFUSED)
    })

    it('refuses a superuser', async () => {
      expect(await codeOf(ask(source.superuserUrl, 'delete from items'))).to.equal(REFUSED)
    })

    it('refuses COPY', async () => {
      const stream = owner.query(copyFrom('copy items (id) from stdin'))
      const outcome = Promise.race([
        once(stream, 'finish'),
        once(stream, 'error').then(([error]) => Promise.reject(error as Error)),
      ])
      stream.end('500\n')
      expect(await codeOf(outcome)).to.equal(REFUSED)
    })

    it('refuses cascades that begin in a table whose fence somebody took away', async () => {
      await owner.query(`begin; alter table items disable trigger ${FENCE_TRIGGER}`)
      expect(await codeOf(owner.query('delete from items where id = 1'))).to.equal(REFUSED)
      await owner.query('rollback')
      await owner.query(`begin; alter table items disable trigger ${FENCE_TRIGGER}`)
      expect(await codeOf(owner.query('update items set id = 1000 where id = 1'))).to.equal(REFUSED)
      await owner.query('rollback')
    })

    it('lets everybody read', async () => {
      expect((await owner.query('select count(*)::int as n from items')).rows).to.deep.equal([{n: 20}])
      await owner.query('begin; select * from items for update; commit')
    })

    it('says what was refused, why, and that nothing was written', async () => {
      const error = await errorOf<Error & {hint: string}>(owner.query("update items set name = 'x'"))
      expect(error.message).to.equal(`UPDATE on public.items refused: ${MESSAGE}`)
      expect(error.hint).to.include('Nothing was written').and.include('heroku rds:status')
    })

    it('lets the holder of the key pass, in that transaction only', async () => {
      await source.db.session(async (session) => {
        await session.query('begin')
        await passFence(session, key)
        await session.query('insert into public.items values (300)')
        await session.query('truncate billing.payments')
        expect(await codeOf(ask(source.url, 'insert into items values (301)'))).to.equal(REFUSED)
        await session.query('rollback')
        expect(await codeOf(session.query('delete from public.items'))).to.equal(REFUSED)
        await session.query('begin')
        await passFence(session, key)
        await session.query('commit')
        expect(await codeOf(session.query('delete from public.items'))).to.equal(REFUSED)
      })
    })

    it('refuses wrong keys', async () => {
      const {rows} = await owner.query<{prosrc: string}>("select prosrc from pg_proc where proname = 'fence'")
      const hash = /'([0-9a-f]{64})'/.exec(rows[0]!.prosrc)![1]!
      for (const wrong of ['', newPass(), key.toUpperCase(), key.slice(1), `${key} `, hash]) {
        const write = source.client().then(async (client) => {
          await client.query("select set_config('heroku_rds.pass', $1, false)", [wrong])
          await client.query('delete from items')
        })
        expect(await codeOf(write)).to.equal(REFUSED)
      }
    })

    it('does not give its key away', async () => {
      await source.db.session((session) => passFence(session, key))
      const {rows} = await owner.query<{text: string}>(
        `select pg_get_functiondef('heroku_rds.fence()'::regprocedure) || coalesce((select string_agg(query, ' ') from pg_stat_activity), '') as text`,
      )
      expect(rows[0]!.text).to.include('raised').and.not.include(key)
    })
  })

  describe('at the moment it is raised', () => {
    it('is seen by prepared statements, cached plans and old snapshots of open sessions', async () => {
      const prepared = await source.client()
      const insert = {name: 'put', text: 'insert into items values ($1)'}
      for (let id = 900; id < 907; id++) await prepared.query({...insert, values: [id]}) // enough for a generic plan
      const cached = await source.client()
      await cached.query(
        `create or replace function put(id int) returns void language plpgsql as 'begin insert into items values (id); end'`,
      )
      for (let id = 910; id < 917; id++) await cached.query('select put($1)', [id])
      const snapshot = await source.client()
      await snapshot.query('begin isolation level repeatable read; select count(*) from items')
      const serializable = await source.client()
      await serializable.query('begin isolation level serializable; select count(*) from items')

      await raise()
      expect(await codeOf(prepared.query({...insert, values: [908]}))).to.equal(REFUSED)
      expect(await codeOf(cached.query('select put(918)'))).to.equal(REFUSED)
      expect(await codeOf(snapshot.query('insert into items values (919)'))).to.equal(REFUSED)
      expect(await codeOf(serializable.query('insert into items values (919)'))).to.equal(REFUSED)
      await Promise.all([snapshot.query('rollback'), serializable.query('rollback')])

      await lowerFence(source.db)
      expect(await fenceState(source.db)).to.equal('lowered')
      await prepared.query({...insert, values: [908]})
      await cached.query('select put(918)')
      await ask(source.url, 'delete from items where id >= 900; drop function put')
    })

    it('waits in the barrier for a transaction that wrote before, whose work then counts', async () => {
      const writer = await source.client()
      await writer.query('begin')
      await writer.query('insert into items values (950)')
      await raiseFence(source.db, key, MESSAGE)
      let passed = false
      const barrier = passBarrier(source.db, patience(20)).then(() => (passed = true))
      await until(
        'the barrier to wait for the writer',
        async () => (await waiting(source, 'lock table only "public"."items"')) > 0,
      )
      expect(passed).to.equal(false)
      await writer.query('commit')
      await barrier
      const [row] = await source.db.query('select id from public.items where id = 950')
      expect(row).to.deep.equal({id: 950})
      await lowerFence(source.db)
      await ask(source.url, 'delete from items where id = 950')
    })

    it('refuses a truncate and an inserting transaction that went on after the raise', async () => {
      const writer = await source.client()
      await writer.query('begin')
      await writer.query('insert into items values (951)')
      await raiseFence(source.db, key, MESSAGE)
      expect(await codeOf(writer.query('insert into items values (952)'))).to.equal(REFUSED)
      await writer.query('rollback')
      await passBarrier(source.db, patience(10))
      expect(await source.db.query('select from public.items where id > 950')).to.deep.equal([])
      await lowerFence(source.db)
    })

    it('misses a table made later, which is found until it is fenced', async () => {
      await owner.query(
        "create table later (id int); create table logs_2031 partition of logs for values from ('2031-01-01') to ('2032-01-01')",
      )
      expect(await unfencedTables(source.db)).to.deep.equal(['"public"."later"', '"public"."logs_2031"'])
      await fenceTables(source.db, patience())
      await raise()
      expect(await codeOf(owner.query('insert into later values (1)'))).to.equal(REFUSED)
      await lowerFence(source.db)
      await owner.query('drop table later, logs_2031')
    })

    it('misses a table whose trigger was disabled, or fires for origins only, which is found', async () => {
      for (const change of ['disable', 'enable']) {
        await owner.query(`alter table items ${change} trigger ${FENCE_TRIGGER}`)
        expect(await unfencedTables(source.db)).to.deep.equal(['"public"."items"'])
      }
      expect(await fenceTables(source.db, patience())).to.equal(1)
      expect(await unfencedTables(source.db)).to.deep.equal([])
    })

    it('can be made closed, so that nothing has ever passed it', async () => {
      const fresh = await both.newTarget()
      await ask(fresh.url, 'create table items (id int)')
      await createFence(fresh.db, {pass: key, message: MESSAGE})
      await fenceTables(fresh.db, patience())
      expect(await fenceState(fresh.db)).to.equal('raised')
      expect(await codeOf(ask(fresh.url, 'insert into items values (1)'))).to.equal(REFUSED)
      const asReplica = 'set session_replication_role = replica; insert into items values (1)'
      expect(await codeOf(ask(fresh.superuserUrl, asReplica))).to.equal(REFUSED)
    })
  })

  describe('beside a table that somebody keeps busy', () => {
    it('names who holds it, in one sentence, within the deadline', async () => {
      await owner.query('create table busy (id int)')
      const holder = await source.client(source.url, {application_name: 'puma: cluster worker 1'})
      await holder.query('begin; insert into busy values (1)')
      const {rows} = await holder.query<{pid: number}>('select pg_backend_pid() as pid')
      for (const attempt of [() => fenceTables(source.db, patience(1)), () => passBarrier(source.db, patience(1))]) {
        const begun = performance.now()
        const error = await errorOf<RdsError>(attempt())
        expect(performance.now() - begun).to.be.below(5000)
        expect(error.code).to.equal('table_busy')
        expect(error.oclif.exit).to.equal(1)
        expect(error.message).to.equal(
          `"public"."busy" stayed locked for 1 s by pid ${rows[0]!.pid} (${source.user}, puma: cluster worker 1)`,
        )
        expect(error.suggestions.join()).to.include('heroku pg:kill')
      }
      await holder.query('rollback')
      await fenceTables(source.db, patience(5))
    })

    it('never makes the app wait behind the tool for long', async () => {
      const holder = await source.client()
      await holder.query('begin; insert into busy values (1)')
      const stop = new AbortController()
      const barrier = passBarrier(source.db, patience(30, stop.signal)).catch(() => undefined)
      const app = await source.client()
      const waits: number[] = []
      for (const end = Date.now() + 6000; Date.now() < end;) {
        const begun = performance.now()
        await app.query('insert into busy values (2)')
        waits.push(performance.now() - begun)
      }
      stop.abort()
      await holder.query('rollback')
      await barrier
      const longest = Math.max(...waits)
      expect(longest).to.be.within(20, 3200) // it did queue, and not for longer than the longest lock_timeout
      expect(waits.filter((ms) => ms > 1000).length).to.be.at.most(1 + waits.filter((ms) => ms > 20).length / 4)
    })

    it('gives up at once when the operator interrupts', async () => {
      const holder = await source.client()
      await holder.query('begin; insert into busy values (1)')
      const stop = new AbortController()
      const barrier = passBarrier(source.db, patience(30, stop.signal))
      await until('the barrier to wait', async () => (await waiting(source, 'lock table only "public"."busy"')) > 0)
      stop.abort(new Error('interrupted'))
      const begun = performance.now()
      expect((await errorOf(barrier)).message).to.equal('interrupted')
      expect(performance.now() - begun).to.be.below(3000)
      await holder.query('rollback')
      await owner.query('drop table busy')
    })
  })

  describe('taken away', () => {
    it('leaves nothing behind', async () => {
      await raise()
      await removeFence(source.db, patience())
      await dropClaim(source.db)
      expect(await fenceState(source.db)).to.equal('absent')
      const left = await ask(
        source.url,
        `select tgname as left from pg_trigger where tgname ~ 'heroku_rds' union all select nspname from pg_namespace where nspname ~ 'heroku_rds'
       union all select proname from pg_proc where proname = 'fence'`,
      )
      expect(left).to.deep.equal([])
      await owner.query("begin; insert into items values (100, 'x'); truncate logs; rollback")
      await removeFence(source.db, patience())
    })
  })
})

/** Sessions of the tool that wait for a lock. */
async function waiting(source: Source, statement: string): Promise<number> {
  const [row] = await ask<{n: number}>(
    source.superuserUrl,
    `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and strpos(query, $1) > 0`,
    [statement],
  )
  return row!.n
}

describe('the fence against a crowd of writers', () => {
  const both = servers()
  const WRITERS = 8
  const ROUNDS = 15
  const key = newPass()
  let source: Source
  let writers: pg.Client[]

  before(async () => {
    source = await both.newSource()
    await ask(source.url, 'create table a (writer int, n int); create table b (writer int, n int)')
    await createFence(source.db)
    await fenceTables(source.db, patience())
    writers = await Promise.all(Array.from({length: WRITERS}, () => source.client()))
  })

  const count = async (): Promise<string> => {
    const [row] = await ask<{n: string}>(
      source.superuserUrl,
      'select (select count(*) from a) + (select count(*) from b) as n',
    )
    return row!.n
  }

  /** One short transaction after another, of three kinds, until the fence refuses one. Returns how many it committed. */
  async function write(client: pg.Client, writer: number): Promise<number> {
    for (let n = 0; ; n++) {
      const [table, kind] = [Math.random() < 0.5 ? 'a' : 'b', Math.floor(Math.random() * 3)]
      try {
        if (kind > 0)
          await client.query(kind === 1 ? 'begin' : 'begin isolation level repeatable read; select 1 from b limit 1')
        await client.query(`insert into ${table} values ($1, $2)`, [writer, n])
        if (kind > 0) {
          await delay(Math.random() * 180)
          await client.query('commit')
        }
      } catch (error) {
        await client.query('rollback')
        if ((error as {code?: string}).code === REFUSED) return n
        throw error
      }
    }
  }

  /** Whether a write was committed after the fence had been declared up. */
  async function leaks(withBarrier: boolean): Promise<boolean> {
    await lowerFence(source.db)
    const before = await count()
    const all = Promise.all(writers.map(write))
    await until('the writers to be at work', async () => BigInt(await count()) > BigInt(before) + BigInt(WRITERS))
    await delay(Math.random() * 100)
    await raiseFence(source.db, key, MESSAGE)
    if (withBarrier) await passBarrier(source.db, patience(20))
    const declared = await count()
    const committed = await all
    const afterwards = await count()
    // The ledger of the writers and the tables agree: no acknowledged write is missing.
    expect(BigInt(afterwards) - BigInt(before)).to.equal(BigInt(committed.reduce((sum, n) => sum + n, 0)))
    return afterwards !== declared
  }

  it('lets no write commit after it was raised and the barrier passed', async () => {
    for (let round = 0; round < ROUNDS; round++) expect(await leaks(true), `round ${round}`).to.equal(false)
  })

  it('would leak without the barrier, and this test would see it', async () => {
    let leaky = 0
    for (let round = 0; round < ROUNDS; round++) leaky += (await leaks(false)) ? 1 : 0
    expect(leaky).to.be.above(0)
  })
})
